//! Uploads: what they may be sent as, and by whom.

use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::setting::{Setting, code};

const ROBOT: &str = "11111111-2222-4333-8444-000000000001";

impl Setting {
    async fn upload(&self, path: &str, query: &[(&str, &str)], bytes: &[u8]) -> Value {
        let part = Part::bytes(bytes.to_vec()).file_name("名单.csv");
        let request = self.http.post(self.url(path)).query(query);
        let form = Form::new().part("media", part);
        let answer = request.multipart(form).send().await.unwrap();
        answer.json().await.unwrap()
    }
}

#[tokio::test]
async fn a_file_is_sent_as_what_it_is_and_by_who_uploaded_it() {
    let setting = Setting::start().await;
    let token = setting.get_token();
    let own = setting
        .upload(
            "media/upload",
            &[("access_token", &token), ("type", "file")],
            b"a,b\n1,2\n",
        )
        .await;
    let of_robot = setting
        .upload(
            "webhook/upload_media",
            &[("key", ROBOT), ("type", "file")],
            b"a,b\n1,2\n",
        )
        .await;
    let send = async |kind: &str, media: &Value| {
        let content = json!({"media_id": media["media_id"]});
        code(&setting.send("lin.yue", kind, content).await)
    };
    assert_eq!(send("file", &own).await, 0);
    setting.assert_no_violation();
    assert_eq!(send("image", &own).await, 40007);
    assert_eq!(send("file", &of_robot).await, 40007);
    assert_eq!(setting.take_broken_rules().len(), 2);
}

#[tokio::test]
async fn uploads_want_a_token_and_a_post() {
    let setting = Setting::start().await;
    let empty = [("access_token", ""), ("type", "file")];
    let answer = setting.upload("media/upload", &empty, b"a,b\n1,2\n").await;
    assert_eq!(code(&answer), 41001);
    setting.take_broken_rules();
    for path in ["media/upload", "media/uploadimg", "webhook/upload_media"] {
        let answer = setting.get(path, &[("key", ROBOT)]).await;
        assert_eq!(code(&answer), 43002, "{path}");
    }
    assert_eq!(
        setting.take_broken_rules(),
        ["the documented HTTP method"; 3]
    );
}
