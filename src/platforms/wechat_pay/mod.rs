//! WeChat Pay APIv3, direct merchant mode.
