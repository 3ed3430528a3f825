//! Rows of `refund_record` that fit their status, past the store: to set a scene.

/// What `UPDATE refund_record SET` takes to bring any refund into a status. The member of staff
/// with the number 1 has decided, whatever was to be decided.
pub fn refund_in(status: &str) -> String {
    let was_sent = !matches!(
        status,
        "pending" | "awaiting_second" | "rejected" | "approved"
    );
    let is_approved = was_sent || status == "approved";
    let is_due = matches!(status, "approved" | "processing" | "failed");
    let has_trouble = matches!(status, "failed" | "manual_required" | "closed");
    let set = |is_set: bool, value: &'static str| if is_set { value } else { "NULL" };
    let staff = "(SELECT display_name FROM system_user WHERE id = 1)";
    [
        ("status", &*format!("'{status}'")),
        (
            "first_approver",
            set(is_approved || status == "awaiting_second", "1"),
        ),
        ("decided_by", set(status != "pending", "1")),
        ("decided_by_name", set(status != "pending", staff)),
        ("decided_at", set(status != "pending", "1")),
        ("undo_until", set(is_approved, "1")),
        ("attempts", if was_sent { "1" } else { "0" }),
        ("polls", "0"),
        // In the year 2100: nothing happens to it while the scene plays.
        ("next_try_at", set(is_due, "4102444800000000")),
        ("lease_until", "NULL"),
        ("silent_since", "NULL"),
        ("failure_reason", set(has_trouble, "'abnormal'")),
        ("wechat_refund_id", set(status == "success", "'5030'")),
        ("refunded_at", set(status == "success", "1")),
        ("closed_by", set(status == "closed", "1")),
        ("closed_by_name", set(status == "closed", staff)),
        ("closed_at", set(status == "closed", "1")),
        ("closed_way", set(status == "closed", "'cash'")),
        ("settled_fen", set(status == "closed", "amount_fen")),
        ("replaced_by", "NULL"),
    ]
    .map(|(column, value)| format!("{column} = {value}"))
    .join(", ")
}
