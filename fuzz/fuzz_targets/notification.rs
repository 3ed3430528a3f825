#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    campkeeper_fuzz::in_time(bytes, campkeeper::platforms::wechat_pay::read_any_notice);
});
