//! Cards whose buttons ask for something: how a camp is doing, with what there is to ask or do next,
//! and what somebody may have meant. They decide nothing and can be pressed again.

pub(in crate::bot) mod press;
pub(in crate::bot) mod view;
