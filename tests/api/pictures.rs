//! Uploading and showing pictures.

use std::io::Cursor;

use campkeeper::domain::staff::Role;
use chrono::TimeDelta;
use image::{DynamicImage, ImageFormat};
use serde_json::json;

use crate::house::{House, Reply, Staff};
use crate::on_both_engines;

pub(crate) fn picture(format: ImageFormat, side: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    DynamicImage::new_rgb8(side, side)
        .write_to(&mut Cursor::new(&mut bytes), format)
        .unwrap();
    bytes
}

/// Uploads bytes under a name that says nothing about them.
pub(crate) async fn upload(house: &House, staff: &Staff, part: &str, bytes: &[u8]) -> Reply {
    let mut body = format!(
        "--b\r\ncontent-disposition: form-data; name=\"{part}\"; filename=\"x.png\"\r\n\
         content-type: image/png\r\n\r\n"
    )
    .into_bytes();
    body.extend_from_slice(bytes);
    body.extend_from_slice(b"\r\n--b--\r\n");
    house
        .post("/api/admin/uploads")
        .as_staff(staff)
        .header("content-type", "multipart/form-data; boundary=b")
        .body(body)
        .send()
        .await
}

on_both_engines! {
    async fn a_picture_is_kept_and_shown_under_a_signed_address(db) {
        let house = House::new(db).await;
        let admin = house.signed_in(Role::Admin).await;
        for (format, content_type) in [(ImageFormat::Png, "image/png"), (ImageFormat::Jpeg, "image/jpeg")] {
            let sent = picture(format, 40);
            let stored = upload(&house, &admin, "file", &sent).await.data();
            assert_eq!(stored["contentType"], content_type);
            let url = stored["url"].as_str().unwrap();
            let shown = house.get(url).send().await;
            assert_eq!((shown.status.as_u16(), &shown.headers["content-type"]), (200, &content_type.parse().unwrap()));
            assert_eq!(stored["bytes"], shown.bytes.len());
            // Nobody else's address opens it, and this one only for ten minutes.
            let (path, query) = url.split_once('?').unwrap();
            house.get(path).send().await.refused(404, "not_found");
            let forged = query.replace("until=1", "until=2");
            house.get(&format!("{path}?{forged}")).send().await.refused(404, "not_found");
            house.get(&format!("/files/999?{query}")).send().await.refused(404, "not_found");
            house.wall.advance(TimeDelta::minutes(10));
            house.get(url).send().await.refused(410, "link_expired");
        }
        house.assert_audited(&["upload.create", "upload.create"]).await;
    }

    async fn what_is_no_picture_is_refused(db) {
        let house = House::new(db).await;
        let admin = house.signed_in(Role::Admin).await;
        for bytes in [
            b"<svg xmlns='http://www.w3.org/2000/svg'/>".to_vec(),
            b"GIF89a\x01\x00\x01\x00".to_vec(),
            picture(ImageFormat::Png, 40)[..50].to_vec(),
            Vec::new(),
        ] {
            upload(&house, &admin, "file", &bytes).await.refused(415, "unsupported_media_type");
        }
        let huge = vec![0; 2 * 1024 * 1024 + 1];
        upload(&house, &admin, "file", &huge).await.refused(413, "too_large");
        let more = vec![0; 3 * 1024 * 1024];
        upload(&house, &admin, "file", &more).await.refused(413, "too_large");
        let png = picture(ImageFormat::Png, 40);
        upload(&house, &admin, "other", &png).await.wrong_fields(&["file"]);
        let json = house.post("/api/admin/uploads").as_staff(&admin).json(&json!({}));
        json.send().await.refused(415, "unsupported_media_type");
        let coach = house.signed_in(Role::Coach).await;
        upload(&house, &coach, "file", &png).await.refused(403, "forbidden");
    }
}
