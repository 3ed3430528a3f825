use super::*;

const ANN: PlanetUserId = PlanetUserId(300_000_000_000_001);
const BEN: PlanetUserId = PlanetUserId(300_000_000_000_002);

fn date(d: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 1, d).unwrap()
}

fn read(text: &str) -> Result<CheckInFile, FieldError> {
    let rows = text
        .lines()
        .map(|line| line.split(',').map(str::to_owned).collect());
    let rows: Vec<Vec<String>> = rows.collect();
    let lines: Vec<Line<'_>> = (1..).zip(rows.iter().map(Vec::as_slice)).collect();
    parse(&lines)
}

fn known() -> Known {
    let day = |at: Option<i64>, source| KnownDay {
        at: at.map(Timestamp::from_micros),
        source,
        is_stated: source == CheckInSource::Import,
    };
    Known {
        accounts: HashSet::from([ANN, BEN]),
        span: (date(1), date(7)),
        today: date(6),
        days: HashMap::from([
            ((ANN, date(1)), day(Some(9), CheckInSource::Post)),
            ((ANN, date(2)), day(None, CheckInSource::Import)),
            ((BEN, date(1)), day(None, CheckInSource::Post)),
        ]),
        totals: HashMap::new(),
    }
}

fn planned(text: &str) -> Plan {
    plan(&read(text).unwrap(), &known())
}

fn counts(plan: &Plan) -> (usize, usize, usize, Vec<usize>) {
    let rows = plan.errors.iter().map(|error| error.row);
    (plan.added, plan.changed, plan.unchanged, rows.collect())
}

#[test]
fn days_are_added_to_what_is_known() {
    let plan = planned(
        "planet_user_id,planet_nickname,date,time\n\
         300000000000001,Ann,2026-01-01,08:00\n\
         300000000000001,Ann,2026/1/2,08:00\n\
         300000000000001,Ann,2026-01-03 00:00:00,\n\
         300000000000001,Ann,2026-01-03,1899-12-31 07:30:00\n\
         300000000000002,Ben,2026-01-04 21:05:00,\n",
    );
    assert_eq!(counts(&plan), (2, 1, 2, vec![]));
    let at = |d, hours, minutes| {
        let time = NaiveTime::from_hms_opt(hours, minutes, 0).unwrap();
        Some(moment(date(d), time))
    };
    let expected = BTreeMap::from([
        // There is a post; the file names the day all the same.
        ((ANN, date(1)), at(1, 8, 0)),
        ((ANN, date(2)), at(2, 8, 0)),
        ((ANN, date(3)), at(3, 7, 30)),
        ((BEN, date(4)), at(4, 21, 5)),
    ]);
    assert_eq!(plan.days, expected);
    assert_eq!(plan.dated, BTreeSet::from([ANN, BEN]));
    assert!(plan.totals.is_empty());
}

/// A file has stated five days of both.
fn with_totals(text: &str) -> Plan {
    let totals = HashMap::from([(ANN, 5), (BEN, 5)]);
    let known = Known { totals, ..known() };
    plan(&read(text).unwrap(), &known)
}

#[test]
fn a_day_is_not_added_to_a_number_of_days() {
    let plan = with_totals("用户ID,日期\n300000000000001,2026-01-03\n");
    assert_eq!(counts(&plan), (0, 0, 0, vec![2]));
    let (column, days) = ("用户ID".to_owned(), 5);
    assert_eq!(plan.errors[0].fault, RowFault::HasTotal { column, days });
    assert!(plan.days.is_empty() && plan.dated.is_empty());
}

#[test]
fn numbers_of_days_take_the_place_of_those_before() {
    let plan = with_totals(
        "用户ID,打卡天数\n\
         300000000000001,6\n\
         300000000000001,6\n\
         300000000000001,7\n\
         300000000000002,5\n",
    );
    assert_eq!(counts(&plan), (0, 1, 2, vec![4]));
    assert_eq!(plan.totals, BTreeMap::from([(ANN, 6), (BEN, 5)]));
    assert!(plan.days.is_empty() && plan.dated.is_empty());
}

#[test]
fn cells_are_read_as_spreadsheets_write_them() {
    let plan = planned(
        "导出的打卡\n\
         *用户ID（必填）,打卡日期(格式 yyyy-mm-dd),时间\n\
         '300000000000001,'2026-01-03,=\"07:30\"\n\
         300000000000001.0,2026年1月4日,\n\
         =\"300000000000002\",=\"2026/1/5\",\n",
    );
    assert_eq!(counts(&plan), (3, 0, 0, vec![]));
    let plan = planned("用户ID,天数\n300000000000001,'6\n300000000000002,5.0\n");
    assert_eq!(plan.totals, BTreeMap::from([(ANN, 6), (BEN, 5)]));
}

#[test]
fn every_fault_names_its_column() {
    let dated = planned(
        "用户ID(必填),date,time\n\
         ,2026-01-01,\n\
         3.0E+14,2026-01-01,\n\
         300000000000000,2026-01-01,\n\
         =1+300000000000000,2026-01-01,\n\
         300000000000009,2026-01-01,\n\
         300000000000001,=TODAY(),\n\
         300000000000001,2026-02-30,\n\
         300000000000001,2026-01-08,\n\
         300000000000001,2026-01-07,\n\
         300000000000001,2026-01-05,25:00\n",
    );
    let totals = planned(
        "planet_user_id,checkin_days\n\
         300000000000001,-1\n\
         300000000000001,8\n\
         300000000000001,5.5\n\
         300000000000001,=5+1\n\
         300000000000001,\n",
    );
    for plan in [&dated, &totals] {
        assert_eq!(plan.errors.len(), if plan == &dated { 10 } else { 5 });
        assert!(plan.days.is_empty() && plan.totals.is_empty());
    }
    let named = |error: &RowError| {
        let fault = serde_json::to_value(&error.fault).unwrap();
        let (_, data) = fault.as_object().unwrap().iter().next().unwrap();
        match &data["column"] {
            serde_json::Value::Null => data["columns"][0].as_str().unwrap().to_owned(),
            column => column.as_str().unwrap().to_owned(),
        }
    };
    let columns: Vec<String> = dated.errors.iter().map(named).collect();
    let id = "用户ID(必填)";
    assert_eq!(
        columns,
        [id, id, id, id, id, "date", "date", "date", "date", "time"]
    );
    assert!(
        totals
            .errors
            .iter()
            .map(named)
            .all(|it| it == "checkin_days")
    );
}

#[test]
fn a_table_without_its_columns_is_none() {
    assert_eq!(read("date\n2026-01-01"), Err(FieldError::NoAccountColumn));
    let neither = read("planet_user_id,planet_nickname\n1,x");
    assert_eq!(neither, Err(FieldError::NoDayColumn));
}
