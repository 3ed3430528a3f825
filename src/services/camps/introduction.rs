//! The introduction: rich text through an allow-list.

use std::collections::{HashMap, HashSet};

use ammonia::Builder;

const TAGS: [&str; 16] = [
    "a",
    "b",
    "blockquote",
    "br",
    "em",
    "h3",
    "h4",
    "hr",
    "i",
    "li",
    "ol",
    "p",
    "s",
    "strong",
    "u",
    "ul",
];

/// What is left of a text when all that is not on the list has gone.
pub(super) fn sanitised(html: &str) -> String {
    let mut builder = Builder::empty();
    builder
        .tags(HashSet::from(TAGS))
        .tag_attributes(HashMap::from([("a", HashSet::from(["href"]))]))
        .url_schemes(HashSet::from(["https"]))
        .url_relative(ammonia::UrlRelative::Deny)
        .link_rel(Some("noopener noreferrer nofollow"))
        .clean_content_tags(HashSet::from(["script", "style"]));
    builder.clean(html).to_string()
}

/// How many characters people see of it.
pub(super) fn visible_chars(html: &str) -> usize {
    text_of(html).chars().count()
}

/// A sanitised text without its markup, a line for each of its paragraphs.
pub(super) fn plain_lines(html: &str) -> String {
    let lines = ["<br>", "</p>", "</li>", "</h3>", "</h4>"]
        .iter()
        .fold(html.to_owned(), |html, end| {
            html.replace(end, &format!("{end}\n"))
        });
    text_of(&lines).trim().to_owned()
}

fn text_of(html: &str) -> String {
    let text = Builder::empty().clean(html).to_string();
    // What is left of markup are the entities of these characters.
    [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&nbsp;", "\u{a0}"),
        ("&amp;", "&"),
    ]
    .iter()
    .fold(text, |text, (entity, character)| {
        text.replace(entity, character)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_listed_stays() {
        for (given, left) in [
            ("<p>每天<b>一篇</b></p>", "<p>每天<b>一篇</b></p>"),
            ("<script>alert(1)</script>好", "好"),
            ("<img src=x onerror=alert(1)>好", "好"),
            ("<p onclick=\"x()\" style=\"a\">好</p>", "<p>好</p>"),
            (
                "<a href=\"https://x.cn\">好</a>",
                "<a href=\"https://x.cn\" rel=\"noopener noreferrer nofollow\">好</a>",
            ),
            (
                "<a href=\"javascript:x()\">好</a>",
                "<a rel=\"noopener noreferrer nofollow\">好</a>",
            ),
            ("<svg><style>x</style></svg>1 < 2", "1 &lt; 2"),
        ] {
            assert_eq!(sanitised(given), left, "{given}");
        }
    }

    #[test]
    fn people_count_what_they_see() {
        for (html, chars) in [
            ("", 0),
            ("<p>每天<b>一篇</b></p>", 4),
            ("1 &lt; 2", 5),
            ("A &amp; B", 5),
            ("A & B", 5),
            ("A&nbsp;B", 3),
            ("&amp;lt;", 4),
        ] {
            assert_eq!(visible_chars(html), chars, "{html}");
        }
    }

    #[test]
    fn paragraphs_become_lines() {
        let html = "<h3>规则</h3><p>每天<b>一篇</b>，1 &lt; 2</p><ul><li>一</li><li>二</li></ul>";
        assert_eq!(plain_lines(html), "规则\n每天一篇，1 < 2\n一\n二");
        assert_eq!(plain_lines("<p></p>"), "");
    }
}
