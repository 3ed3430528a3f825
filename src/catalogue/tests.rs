use std::collections::BTreeSet;

use serde::de::DeserializeOwned;

use super::*;

fn built_in() -> Catalogue {
    Catalogue::load("").unwrap()
}

/// Every reason of a section with its sample, read as what services say.
fn reasons<T: DeserializeOwned + Serialize>(section: &str) -> Vec<T> {
    let (_, names) = REASONS.iter().find(|(name, _)| *name == section).unwrap();
    let samples: Value = serde_json::from_str(SAMPLES).unwrap();
    let samples = &samples[section];
    if let Value::Object(samples) = samples {
        let stray = samples.keys().find(|name| !names.contains(&name.as_str()));
        assert_eq!(stray, None, "a sample for nothing");
    }
    let read = |name: &&&str| {
        let written = match &samples[**name] {
            Value::Null => json!(name),
            data => json!({**name: data}),
        };
        let reason: T = serde_json::from_value(written.clone())
            .unwrap_or_else(|error| panic!("{section}.{name}: {error}"));
        assert_eq!(serde_json::to_value(&reason).unwrap(), written);
        reason
    };
    let told_by_themselves = names.iter().filter(|name| !is_section(name));
    told_by_themselves.map(|name| read(&name)).collect()
}

#[test]
fn every_reason_reads_well() {
    let catalogue = built_in();
    let refused = |refusal: Refusal| catalogue.say(&ErrorKind::Refused(refusal));
    let mut shown = Vec::new();
    shown.extend(
        reasons::<ErrorKind>("error")
            .iter()
            .map(|kind| catalogue.say(kind)),
    );
    shown.extend(reasons::<Refusal>("refused").into_iter().map(refused));
    shown.extend(
        reasons::<WrongState>("wrong_state")
            .into_iter()
            .map(|why| refused(why.into())),
    );
    shown.extend(
        reasons::<Duplicate>("duplicate")
            .into_iter()
            .map(|of| refused(of.into())),
    );
    let differences = reasons::<Difference>("change");
    shown.extend(differences.iter().map(|it| catalogue.say(it)));
    let rows = reasons::<RowFault>("row");
    shown.extend(rows.iter().map(|it| catalogue.say(it)));
    for error in reasons::<FieldError>("field") {
        let of_any = FieldErrors::from([("someField".into(), error)]);
        shown.extend(catalogue.fields(&of_any).into_values());
    }
    shown.extend(reasons::<Part>("part").iter().map(|it| catalogue.say(it)));
    let findings = reasons::<Finding>("finding");
    shown.extend(findings.iter().map(|it| catalogue.say(it)));
    assert!(shown.iter().all(|sentence| !sentence.contains("{{")));
    insta::assert_snapshot!("sentences", shown.join("\n"));
}

#[test]
fn a_reason_keeps_its_own_sentence_however_deep_it_lies() {
    let catalogue = built_in();
    let refusals = [
        Refusal::UndoOver,
        WrongState::OrderNotPaid.into(),
        Duplicate::StaffAccount.into(),
    ];
    let told: BTreeSet<String> = refusals
        .into_iter()
        .map(|refusal| catalogue.say(&ErrorKind::Refused(refusal)))
        .collect();
    assert_eq!(told.len(), 3, "{told:?}");
}

#[test]
fn a_field_may_have_words_of_its_own() {
    let catalogue = built_in();
    let missing = |field: &'static str| {
        let errors = FieldErrors::from([(field.into(), FieldError::Missing)]);
        catalogue.say_in_full(&ErrorKind::Invalid(errors))
    };
    assert_eq!(missing("posterUploadId"), "请上传海报");
    assert_eq!(missing("items[0].id"), "必须填写");
    let incomplete = FieldErrors::from([
        ("coachIds".into(), FieldError::Missing),
        ("depositFen".into(), FieldError::TooBig { max: 1_000_000 }),
    ]);
    let incomplete = ErrorKind::Refused(Refusal::Incomplete(incomplete));
    assert_eq!(
        catalogue.say_in_full(&incomplete),
        "还没有填完整，请补全后再试：请选择至少一位教练；不能超过 10000 元"
    );
}

#[test]
fn a_folder_replaces_single_sentences_and_a_bad_one_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let load = |text: &str| {
        std::fs::write(folder.path().join(FILE), text).unwrap();
        Catalogue::load(folder.path().to_str().unwrap())
    };
    let changed = load("[error]\nnot_found = \"这里没有\"").unwrap();
    assert_eq!(changed.say(&ErrorKind::NotFound), "这里没有");
    assert_eq!(
        changed.say(&ErrorKind::Forbidden),
        built_in().say(&ErrorKind::Forbidden)
    );
    for (text, named) in [
        ("[error]\nnot_found = \"{% if %}\"", "error.not_found"),
        (
            "[refused]\nundo_over = \"{{ nobody }}\"",
            "refused.undo_over",
        ),
        ("[wrong_state]\nown_role = \" \"", "wrong_state.own_role"),
        ("[error]\nnot_fuond = \"没有\"", "error.not_fuond"),
        ("[field.note]\nmising = \"没有\"", "field.note.mising"),
        ("[refusals]\nundo_over = \"没有\"", "refusals"),
        ("[error]\nnot_found =", FILE),
    ] {
        let error = load(text).unwrap_err().to_string();
        assert!(error.contains(named), "{text}: {error}");
    }
}
