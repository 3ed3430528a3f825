//! Files that are small until somebody opens them, and a poster of an honest size.

use std::io::{Cursor, Write as _};

use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc};
use image::{ImageFormat, RgbImage};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

const SIDE: u32 = 8_192;
const CELL_BYTES: usize = 250 * 1024 * 1024;

/// A PNG of 8,192² pixels of eight bytes each, in half a megabyte.
pub(crate) fn picture() -> Vec<u8> {
    let row = vec![0; 1 + SIDE as usize * 8];
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::fast());
    for _ in 0..SIDE {
        packed.write_all(&row).expect("memory");
    }
    let mut header = [SIDE.to_be_bytes(), SIDE.to_be_bytes()].concat();
    // Sixteen bits, RGBA, no tricks.
    header.extend([16, 6, 0, 0, 0]);
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    for (kind, data) in [
        (b"IHDR", header),
        (b"IDAT", packed.finish().expect("memory")),
        (b"IEND", Vec::new()),
    ] {
        let mut sum = Crc::new();
        sum.update(kind);
        sum.update(&data);
        let length = u32::try_from(data.len()).expect("a chunk");
        png.extend(length.to_be_bytes());
        png.extend(kind);
        png.extend(data);
        png.extend(sum.sum().to_be_bytes());
    }
    png
}

/// An xlsx of a quarter of a megabyte with one cell of 250 MiB.
pub(crate) fn sheet() -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let mut file = |name: &str, parts: &mut dyn Iterator<Item = Vec<u8>>| {
        zip.start_file(name, SimpleFileOptions::default())
            .expect("memory");
        for part in parts {
            zip.write_all(&part).expect("memory");
        }
    };
    let mut one = |name: &str, text: &str| file(name, &mut std::iter::once(text.into()));
    one(
        "[Content_Types].xml",
        r#"<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>"#,
    );
    one(
        "_rels/.rels",
        r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#,
    );
    one(
        "xl/workbook.xml",
        r#"<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="a" sheetId="1" r:id="rId1"/></sheets></workbook>"#,
    );
    one(
        "xl/_rels/workbook.xml.rels",
        r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>"#,
    );
    let head = r#"<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>"#;
    let piece = vec![b'a'; 1024 * 1024];
    let mut parts = std::iter::once(head.as_bytes().to_vec())
        .chain(std::iter::repeat_n(piece, CELL_BYTES / (1024 * 1024)))
        .chain(std::iter::once(
            b"</t></is></c></row></sheetData></worksheet>".to_vec(),
        ));
    file("xl/worksheets/sheet1.xml", &mut parts);
    zip.finish().expect("memory").into_inner()
}

/// A PNG of noise, nearly as large as a picture may be.
pub(crate) fn poster() -> Vec<u8> {
    let mut state = 1_u32;
    let noise = RgbImage::from_fn(800, 800, |_, _| {
        let mut byte = || {
            // xorshift: any noise that does not pack.
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            (state >> 24) as u8
        };
        image::Rgb([byte(), byte(), byte()])
    });
    let mut png = Cursor::new(Vec::new());
    noise.write_to(&mut png, ImageFormat::Png).expect("memory");
    png.into_inner()
}
