//! What files that are made to unfold take of the memory. The peak is a process's own, so that each
//! case runs in one of its own: this test again, told which.

use std::io::{Cursor, Write as _};
use std::path::Path;
use std::process::Command;

use campkeeper::domain::staff::Role;
use campkeeper::store::Engine;
use flate2::write::DeflateEncoder;
use flate2::{Compress, Compression, FlushCompress};
use futures::future::join_all;
use zip::write::SimpleFileOptions;

use crate::house::House;
use crate::support::fresh_db;

const NAME: &str = "memory::files_made_to_unfold_take_little_memory";
const CASE: &str = "CAMPKEEPER_TEST_MEMORY_CASE";
const STATUS: &str = "/proc/self/status";
/// All of one case may take so much more than the house at rest.
const MAX_MORE_KIB: u64 = 48 * 1024;
/// Files that arrive together.
const AT_ONCE: usize = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_made_to_unfold_take_little_memory() {
    if !Path::new(STATUS).exists() {
        return;
    }
    if let Ok(case) = std::env::var(CASE) {
        return take(&case).await;
    }
    for case in ["picture", "sheet"] {
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", NAME, "--nocapture"])
            .env(CASE, case)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success() && said.contains("more KiB"),
            "{case}: {said}"
        );
    }
}

async fn take(case: &str) {
    let house = House::new(fresh_db(Engine::Sqlite).await).await;
    let admin = house.signed_in(Role::Admin).await;
    let (path, file) = match case {
        "picture" => ("/api/admin/uploads", picture()),
        _ => ("/api/admin/roster/import", sheet()),
    };
    let mut body =
        b"--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"x\"\r\n\r\n".to_vec();
    body.extend_from_slice(&file);
    body.extend_from_slice(b"\r\n--b--\r\n");
    let before = peak_kib();
    let sent = (0..AT_ONCE).map(|_| {
        let call = house.post(path).as_staff(&admin);
        let call = call.header("content-type", "multipart/form-data; boundary=b");
        call.body(body.clone()).send()
    });
    for reply in join_all(sent).await {
        reply.refused(413, "too_large");
    }
    let more = peak_kib() - before;
    let bytes = file.len();
    let told = format!("{case}: {bytes} bytes, {before} KiB, {more} more KiB\n");
    std::io::stdout().write_all(told.as_bytes()).unwrap();
    assert!(more < MAX_MORE_KIB, "{case} took {more} KiB");
}

fn peak_kib() -> u64 {
    let status = std::fs::read_to_string(STATUS).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak.unwrap().trim().trim_end_matches(" kB");
    peak.parse().unwrap()
}

/// A PNG of 8,192 × 8,192 pixels of 8 bytes, all black, in half a megabyte.
fn picture() -> Vec<u8> {
    const SIDE: u32 = 8_192;
    let bytes = u64::from(SIDE) * (1 + u64::from(SIDE) * 8);
    // A block that stands for itself can be said again and again.
    let block = vec![0; 1 << 20];
    let mut packed = Vec::with_capacity(64 * 1024);
    let mut deflate = Compress::new(Compression::best(), false);
    deflate
        .compress_vec(&block, &mut packed, FlushCompress::Full)
        .unwrap();
    let whole = usize::try_from(bytes >> 20).unwrap();
    let mut zlib = vec![0x78, 0xDA];
    zlib.extend(packed.repeat(whole));
    let mut rest = DeflateEncoder::new(&mut zlib, Compression::best());
    let left = usize::try_from(bytes).unwrap() - whole * block.len();
    rest.write_all(&block[..left]).unwrap();
    rest.finish().unwrap();
    // Adler-32 of zeros.
    let high = u32::try_from(bytes % 65_521).unwrap();
    zlib.extend((high << 16 | 1).to_be_bytes());

    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut header = Vec::new();
    header.extend(SIDE.to_be_bytes());
    header.extend(SIDE.to_be_bytes());
    header.extend([16, 6, 0, 0, 0]);
    for (kind, data) in [(b"IHDR", header), (b"IDAT", zlib), (b"IEND", Vec::new())] {
        png.extend(u32::try_from(data.len()).unwrap().to_be_bytes());
        let mut crc = flate2::Crc::new();
        crc.update(kind);
        crc.update(&data);
        png.extend(kind);
        png.extend(data);
        png.extend(crc.sum().to_be_bytes());
    }
    png
}

/// A workbook of one cell of 250 MiB, in a quarter of a megabyte.
fn sheet() -> Vec<u8> {
    let rel = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let book = format!(
        r#"<workbook xmlns:r="{rel}"><sheets><sheet name="x" sheetId="1" r:id="rId1"/></sheets></workbook>"#
    );
    let related = format!(
        r#"<Relationships><Relationship Id="rId1" Type="{rel}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>"#
    );
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in [
        ("xl/workbook.xml", book),
        ("xl/_rels/workbook.xml.rels", related),
    ] {
        zip.start_file(name, SimpleFileOptions::default()).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    let fast = SimpleFileOptions::default().compression_level(Some(1));
    zip.start_file("xl/worksheets/sheet1.xml", fast).unwrap();
    let cell = br#"<worksheet><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>"#;
    zip.write_all(cell).unwrap();
    let block = vec![b'0'; 1 << 20];
    for _ in 0..250 {
        zip.write_all(&block).unwrap();
    }
    zip.write_all(b"</t></is></c></row></sheetData></worksheet>")
        .unwrap();
    zip.finish().unwrap().into_inner()
}
