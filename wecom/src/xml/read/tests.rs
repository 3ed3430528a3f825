use proptest::prelude::*;

use super::super::Fields;
use super::*;

fn parse(xml: &str) -> Result<Fields, XmlError> {
    Fields::parse(xml.to_owned())
}

#[test]
fn texts_follow_the_rules() {
    let cases = [
        ("<xml><A>x</A></xml>", "x"),
        ("<xml><A><![CDATA[x]]></A></xml>", "x"),
        ("<xml><A>\n <![CDATA[\tx y\n]]>\n</A></xml>", "x y"),
        ("<xml><A><![CDATA[a]]]]><![CDATA[>b]]></A></xml>", "a]]>b"),
        ("<xml><A><![CDATA[a]]> <![CDATA[b]]></A></xml>", "a b"),
        (
            "<xml><A>a &lt;&amp;&gt; &quot;&apos;&#20013;&#x6587; z</A></xml>",
            "a <&> \"'中文 z",
        ),
        ("<xml><A><![CDATA[&amp;<b>]]></A></xml>", "&amp;<b>"),
        ("<xml><A/></xml>", ""),
        ("<xml><A></A></xml>", ""),
        ("<xml><A>x<!-- y -->z</A></xml>", "xz"),
        (
            "<?xml version=\"1.0\"?>\n<xml a=\"1\"><A b='>'>x</A></xml>\n",
            "x",
        ),
        ("<xml>stray<A>x</A> text</xml>", "x"),
        ("<xml >&lt;<A\n>x</A ></xml\t>", "x"),
        ("<xml><A b=\"1>\" c='/'>x</A></xml>", "x"),
        ("<xml><A b=\"1\"/></xml>", ""),
        ("<xml><A><![CDATA[a>b]>c]]></A></xml>", "a>b]>c"),
        ("<xml><A><![CDATA[]]></A></xml>", ""),
        ("<xml><A>]]>x</A></xml>", "]]>x"),
        ("\u{feff}<xml><A>x</A></xml>", "x"),
    ];
    for (xml, expected) in cases {
        let fields = parse(xml).unwrap_or_else(|error| panic!("{xml}: {error}"));
        assert_eq!(fields.element("A").unwrap().text(), expected, "{xml}");
        assert_eq!(fields.get("A").is_none(), expected.is_empty(), "{xml}");
        assert_eq!(fields.get("a"), None, "names are case-sensitive");
    }
}

#[test]
fn nested_and_repeated_elements_are_kept_in_order() {
    let fields =
        parse("<xml><P><i><M>1</M></i></P><P><i><M>2</M></i><i><M>3</M></i></P><Z>z</Z></xml>")
            .unwrap();
    let found: Vec<&str> = fields
        .iter()
        .filter(|element| element.name() == "P")
        .flat_map(|list| list.children())
        .filter_map(|item| item.get("M"))
        .collect();
    assert_eq!(found, ["1", "2", "3"]);
    assert_eq!(fields.iter().last().unwrap().text(), "z");
}

#[test]
fn hostile_documents_are_refused() {
    let deep = format!("<xml>{}{}</xml>", "<a>".repeat(17), "</a>".repeat(17));
    let wide = format!("<xml>{}</xml>", "<a/>".repeat(MAX_ELEMENTS + 1));
    let cases = [
        ("", XmlError::Malformed),
        ("   ", XmlError::Malformed),
        ("text", XmlError::Malformed),
        ("<xml>", XmlError::Malformed),
        ("<xml><A></xml>", XmlError::Malformed),
        ("<xml><A></B></xml>", XmlError::Malformed),
        ("</xml>", XmlError::Malformed),
        ("<xml/><xml/>", XmlError::Malformed),
        ("<xml/>tail", XmlError::Malformed),
        ("&amp;<xml/>", XmlError::Malformed),
        ("<xml><A><![CDATA[x</A></xml>", XmlError::Malformed),
        ("<xml><A><![CDATA[]></A></xml>", XmlError::Malformed),
        ("<xml><![CDATA[>", XmlError::Malformed),
        ("<![CDATA[x]]><xml/>", XmlError::Malformed),
        ("<xml><!ELEMENT a></xml>", XmlError::Malformed),
        ("<xml><!-- x</xml>", XmlError::Malformed),
        ("<xml><? x</xml>", XmlError::Malformed),
        ("<xml>< A></A></xml>", XmlError::Malformed),
        ("<xml><A\"x\"></A></xml>", XmlError::Malformed),
        ("<xml><A b=\"></A></xml>", XmlError::Malformed),
        ("<xml><A b=\"<\"/></xml>", XmlError::Malformed),
        ("<xml><></></xml>", XmlError::Malformed),
        ("<xml><A></a></xml>", XmlError::Malformed),
        ("<xml></yml>", XmlError::Malformed),
        ("<!doctype html><xml/>", XmlError::Doctype),
        ("<xml>&", XmlError::Entity),
        ("<xml><A>&#0;</A></xml>", XmlError::Entity),
        ("<xml><A>&#+65;</A></xml>", XmlError::Entity),
        ("<xml><A>&#;</A></xml>", XmlError::Entity),
        ("<xml><A>&#xD800;</A></xml>", XmlError::Entity),
        (
            "<!DOCTYPE xml [<!ENTITY a \"b\">]><xml><A>&a;</A></xml>",
            XmlError::Doctype,
        ),
        (
            "<!DOCTYPE xml SYSTEM \"file:///etc/passwd\"><xml/>",
            XmlError::Doctype,
        ),
        ("<xml><A>&a;</A></xml>", XmlError::Entity),
        ("<xml><A>&#xFFFFFFFF;</A></xml>", XmlError::Entity),
        (deep.as_str(), XmlError::TooDeep),
        (wide.as_str(), XmlError::TooManyElements),
    ];
    for (xml, expected) in cases {
        let shown = xml.get(..60).unwrap_or(xml);
        assert_eq!(parse(xml).map(|_| ()), Err(expected), "{shown}");
    }
}

proptest! {
    #[test]
    fn arbitrary_text_never_panics(xml in "\\PC{0,200}") {
        let _ = parse(&xml);
    }

    #[test]
    fn almost_xml_never_panics(
        pieces in proptest::collection::vec(
            prop_oneof![
                Just("<xml>"), Just("</xml>"), Just("<A>"), Just("</A>"), Just("<A/>"),
                Just("<![CDATA["), Just("]]>"), Just("&amp;"), Just("&#0;"), Just("&"),
                Just("中"), Just(" "), Just("<!--"), Just("-->"), Just("<?"), Just("?>"),
            ],
            0..24,
        ),
    ) {
        if let Ok(fields) = parse(&pieces.concat()) {
            for element in &fields {
                let _ = (element.name(), element.text(), element.children().count());
            }
        }
    }
}
