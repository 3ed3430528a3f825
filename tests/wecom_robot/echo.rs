//! The bot of the crate's README, as it stands there, against the stand-in.

use sandbox::{Sandbox, SandboxConfig, wecom::Door};
use wecom::crypto::Keys;

use crate::bot::serve;

#[path = "../../wecom/examples/echo_bot.rs"]
#[expect(
    dead_code,
    reason = "its main reads the environment and takes a fixed port"
)]
mod echo_bot;

#[tokio::test]
async fn the_bot_of_the_readme_talks_to_the_stand_in() {
    let sandbox = Sandbox::start(SandboxConfig::default()).await.unwrap();
    let wecom = sandbox.wecom();
    let app = wecom.app();
    let keys = Keys::new(&app.token, &app.encoding_aes_key, &app.corp_id).unwrap();
    let base_url = serve(echo_bot::bot(keys)).await;
    wecom.set_callback_url(Door::App, format!("{base_url}/callback"));

    wecom.verify_callback_url().await.unwrap();
    wecom.enter("lin.yue").await;
    wecom.say("lin.yue", "好").await;
    let inbox = wecom.inbox("lin.yue");
    let texts: Vec<&str> = inbox.iter().map(|message| message.text.as_str()).collect();
    assert_eq!(texts, ["你好！", "你说：好"]);
    let violations = sandbox.violations().all();
    assert!(violations.is_empty(), "{violations:#?}");
}
