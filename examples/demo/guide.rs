//! What the person who runs the demo reads.
#![expect(
    clippy::print_stdout,
    reason = "this is what the person who runs the demo reads"
)]

use super::seed::{CAMP_TO_JOIN, MEMBER_TO_PLAY, PASSWORD};

/// Said while the camps are planted, which takes some seconds.
pub(super) fn preparing() {
    println!("正在准备演示数据：过去七周的训练营，约需半分钟…");
}

/// Addresses, logins, and a way through the main job. Scripts wait for the last line.
pub(super) fn print(app: &str, sandbox: &str) {
    let (number, nickname) = MEMBER_TO_PLAY;
    println!(
        "
  Campkeeper 演示：产品是真的，企业微信、微信支付和知识星球是替身，不会动真钱。

  员工手机   {sandbox}/          审退款、和机器人说话、拨时间
  会员页     {app}/h5/      报名、付押金、看进度
  管理后台   {app}/admin/   审退款、看押金去向、建训练营
  接口文档   {app}/api/docs
  员工登录   admin（林越，超级管理员） · admin2（陈安，管理员） · coach（周可，教练）
             密码都是 {PASSWORD}；后台和接口文档都用它登录

  先看一个现成的故事（要在拨时间之前）：「十天早起营」昨夜没有同步完，在林越手机的卡片上点「重试」，
  退款名单就会送来。「九月写作营」的名单已在等审核，有几位要人看一眼，「石头」有两个人说是自己。

  五分钟走一遍：
  1. 打开会员页，选「{CAMP_TO_JOIN}」：星球编号填 {number}，昵称填 {nickname}，点「是我」，
     勾选「我已阅读并同意」，支付押金。
     电脑上会显示二维码：在员工手机页右侧「待付订单」点「扫一扫付款」。手机上直接打开收银台。
  2. 看群二维码和打卡进度。{nickname}每天都会打卡，不用管她。
  3. 在员工手机页右侧「时间」点「＋7 天」：几秒后，林越和周可的手机收到「{CAMP_TO_JOIN} 退款审核」卡片。
  4. 在林越手机的「{CAMP_TO_JOIN} 退款审核」上点「通过这 N 人」，再点「确认退款」；20 秒内可以撤回。
     周可手机上的同一张卡片会写明是谁决定的。
  5. 回到会员页刷新打卡进度：押金已退回。

  给机器人发「帮助」「进度」「待审核」「匹配」也可以，直接问「今天谁没打卡」也行。

  按 Ctrl-C 结束。
"
    );
    println!("demo ready app={app} sandbox={sandbox}");
}
