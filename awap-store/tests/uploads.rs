//! The outbox: grades queued with their review, sent once, in conflict, failed, taken back, on both databases.

mod support;

use support::moodle::{claim, complete, finish, origin, review, reviewed, states, take, take_from};
use support::{ask, refused, text};

on_each_database!(
    a_review_queues_a_grade_and_a_draft_does_not,
    what_was_handed_in_here_is_not_queued,
    a_review_and_its_grade_come_together_or_not_at_all,
    a_later_review_takes_the_place_of_one_that_waits,
    an_unnamed_edit_takes_a_waiting_grade_back,
    a_grade_is_sent_once_by_all_hosts,
    one_whose_host_was_killed_is_claimed_again_with_what_was_approved,
    a_review_while_one_is_sent_waits_for_it,
    what_moodle_has_after_a_grade_is_what_the_next_expects,
    a_failed_attempt_rests_and_comes_again,
    a_newer_review_replaces_one_that_rests_and_tells_of_it,
    a_newer_version_takes_a_waiting_grade_back,
    a_grade_whose_owner_cannot_be_opened_holds_up_no_other,
    stale_feedback_is_reviewed_and_not_sent,
    a_conflict_is_told_and_decided_by_a_person,
    a_failure_is_told_and_tried_again_by_hand,
    what_changed_since_is_not_sent_by_hand,
    a_review_without_a_grade_fails_at_once,
    without_reviews_drafts_are_queued_where_so_configured,
    reading_whose_grade_it_is_is_audited,
    an_erasure_takes_the_outbox_with_it,
    what_is_on_its_way_is_not_purged,
);

#[allow(clippy::unwrap_used, clippy::panic)] // A test that fails says so.
mod body {
    use super::*;
    use std::time::Duration;

    use awap_store::{Store, Uploads};
    use serde_json::{Value, json};

    use crate::support::moodle::events;
    use crate::support::{self, Base, completed};

    fn sent() -> Value {
        json!({"outcome": "sent", "seen": {"grade": 60}})
    }

    async fn upload_of(store: &Store, tma_id: &Value) -> Value {
        ask(store, "list_uploads", json!({"tma_id": tma_id})).await["uploads"][0].take()
    }

    /// As if its time had come.
    async fn wake(base: &Base) {
        support::execute(base, "UPDATE moodle_uploads SET available_at = '2020-01-01T00:00:00.000000Z'")
            .await;
    }

    pub(super) async fn a_review_queues_a_grade_and_a_draft_does_not(base: Base) {
        let store = base.store().await;
        take(&store, 7, 1).await;
        let tma_id = complete(&store).await;
        assert_eq!(states(&store, &tma_id).await, []);
        ask(&store, "update_feedback", json!({"tma_id": tma_id, "changes": {"grade": 59}})).await;
        assert_eq!(states(&store, &tma_id).await, [], "an edit alone approves nothing");
        review(&store, &tma_id, 60).await;
        assert_eq!(states(&store, &tma_id).await, [("queued".to_owned(), Value::Null)]);
        let upload = upload_of(&store, &tma_id).await;
        assert_eq!((&upload["grade"], &upload["reviewed_by"]), (&json!(60.0), &json!("tutor-7")));
        assert!(upload.get("feedback_text").is_none(), "the list has no text of feedback");
        assert_eq!(events(&store, &tma_id).await.last().unwrap(), "grade.queued");
    }

    pub(super) async fn what_was_handed_in_here_is_not_queued(base: Base) {
        let store = base.store().await;
        let (tma_id, _) = completed(&store, 1).await;
        review(&store, &tma_id, 60).await;
        assert_eq!(states(&store, &tma_id).await, []);
    }

    pub(super) async fn a_review_and_its_grade_come_together_or_not_at_all(base: Base) {
        let store = base.store().await;
        take(&store, 7, 1).await;
        let tma_id = complete(&store).await;
        // The outbox refuses every row: so does the review.
        let (sqlite, postgres) = (
            "CREATE TRIGGER full_up BEFORE INSERT ON moodle_uploads BEGIN SELECT RAISE(ABORT, 'no'); END",
            "ALTER TABLE moodle_uploads ADD CONSTRAINT full_up CHECK (attempts < 0)",
        );
        support::execute(&base, if base.folder().is_some() { sqlite } else { postgres }).await;
        let request = json!({"tma_id": tma_id, "changes": {"grade": 60}, "reviewed_by": "t"});
        refused(&store, "update_feedback", request).await;
        let feedback = ask(&store, "get_feedback", json!({"tma_id": tma_id})).await;
        assert_eq!((&feedback["reviewed_by"], &feedback["grade"]), (&Value::Null, &json!(71.5)));
    }

    pub(super) async fn a_later_review_takes_the_place_of_one_that_waits(base: Base) {
        let store = base.store().await;
        let tma_id = reviewed(&store, 7).await;
        review(&store, &tma_id, 65).await;
        let expected =
            [("superseded".to_owned(), json!("newer_feedback")), ("queued".to_owned(), Value::Null)];
        assert_eq!(states(&store, &tma_id).await, expected);
        let upload = claim(&store).await;
        assert_eq!((&upload["grade"], &upload["earlier"]), (&json!(65.0), &json!([])));
        assert_eq!(claim(&store).await, Value::Null);
    }

    pub(super) async fn an_unnamed_edit_takes_a_waiting_grade_back(base: Base) {
        let store = base.store().await;
        let tma_id = reviewed(&store, 7).await;
        ask(&store, "update_feedback", json!({"tma_id": tma_id, "changes": {"grade": 10}})).await;
        assert_eq!(states(&store, &tma_id).await[0].0, "superseded");
        assert_eq!(claim(&store).await, Value::Null);
    }

    pub(super) async fn a_grade_is_sent_once_by_all_hosts(base: Base) {
        let hosts = [base.store().await, base.store().await];
        let tma_id = reviewed(&hosts[0], 7).await;
        let at_once: Vec<_> = (0..8)
            .map(|n| {
                let store = hosts[n % 2].clone();
                tokio::spawn(async move { claim(&store).await })
            })
            .collect();
        let mut claimed = Vec::new();
        for one in at_once {
            claimed.push(one.await.unwrap());
        }
        claimed.retain(|upload| !upload.is_null());
        assert_eq!(claimed.len(), 1);
        assert_eq!(claimed[0]["owner"]["expected"]["feedback_comment"], "Ask Wilhelmina.");
        finish(&hosts[0], &claimed[0], sent()).await;
        assert_eq!(states(&hosts[1], &tma_id).await, [("sent".to_owned(), Value::Null)]);
        assert_eq!(events(&hosts[0], &tma_id).await.last().unwrap(), "grade.sent");
        let again = json!({"upload_id": claimed[0]["upload_id"], "worker": "o", "outcome": "sent"});
        assert_eq!(refused(&hosts[0], "finish_upload", again).await.0, "conflict");
    }

    pub(super) async fn one_whose_host_was_killed_is_claimed_again_with_what_was_approved(base: Base) {
        let store = base.store().await;
        let tma_id = reviewed(&store, 7).await;
        let lost =
            ask(&store, "claim_upload", json!({"worker": "killed", "lease_ms": 1})).await["upload"].take();
        tokio::time::sleep(Duration::from_millis(50)).await;
        // Meanwhile somebody edits: what may be in Moodle is what was approved, and that is found out first.
        ask(&store, "update_feedback", json!({"tma_id": tma_id, "changes": {"grade": 1}})).await;
        let again = claim(&store).await;
        assert_eq!(again["upload_id"], lost["upload_id"]);
        assert_eq!((&again["grade"], &again["attempt"]), (&json!(60.0), &json!(2)));
        let late = json!({"upload_id": lost["upload_id"], "worker": "killed", "outcome": "failed"});
        assert_eq!(refused(&store, "finish_upload", late).await.0, "conflict");
        finish(&store, &again, sent()).await;
        assert_eq!(states(&store, &tma_id).await, [("sent".to_owned(), Value::Null)]);
    }

    pub(super) async fn a_review_while_one_is_sent_waits_for_it(base: Base) {
        let store = base.store().await;
        let tma_id = reviewed(&store, 7).await;
        let first = claim(&store).await;
        review(&store, &tma_id, 65).await;
        assert_eq!(claim(&store).await, Value::Null, "one of a TMA at a time");
        finish(&store, &first, sent()).await;
        let second = claim(&store).await;
        assert_eq!(second["grade"], 65.0);
        assert_eq!(second["owner"]["expected"], json!({"grade": 60}));
    }

    pub(super) async fn what_moodle_has_after_a_grade_is_what_the_next_expects(base: Base) {
        let store = base.store().await;
        let tma_id = reviewed(&store, 7).await;
        let first = claim(&store).await;
        // A newer version comes in while the grade of the old one is on its way.
        let newer = take(&store, 7, 2).await;
        finish(&store, &first, sent()).await;
        let id = complete(&store).await;
        assert_eq!((&id, &newer["created"]), (&newer["id"], &json!(true)));
        review(&store, &id, 80).await;
        assert_eq!(claim(&store).await["owner"]["expected"], json!({"grade": 60}));
        assert_eq!(states(&store, &tma_id).await[0].0, "sent");
    }

    pub(super) async fn a_failed_attempt_rests_and_comes_again(base: Base) {
        let store = base.store().await;
        let tma_id = reviewed(&store, 7).await;
        let first = claim(&store).await;
        let outage =
            json!({"outcome": "retry", "code": "outage", "message": "Moodle is down.", "rest_ms": 120_000});
        assert_eq!(finish(&store, &first, outage).await["state"], "queued");
        let row = upload_of(&store, &tma_id).await;
        assert_eq!((&row["error_code"], &row["attempts"]), (&json!("outage"), &json!(1)));
        assert!(text(&row["next_attempt_at"]) > text(&row["updated_at"]));
        assert_eq!(claim(&store).await, Value::Null, "it rests");
        wake(&base).await;
        assert_eq!(claim(&store).await["attempt"], 2);
    }

    pub(super) async fn a_newer_review_replaces_one_that_rests_and_tells_of_it(base: Base) {
        let store = base.store().await;
        let tma_id = reviewed(&store, 7).await;
        let first = claim(&store).await;
        finish(&store, &first, json!({"outcome": "retry", "code": "timeout"})).await;
        review(&store, &tma_id, 65).await;
        let second = claim(&store).await;
        assert_eq!(second["grade"], 65.0);
        assert_eq!(second["earlier"][0]["grade"], 60.0, "it may have reached Moodle");
        // And one that came while another was sent, which is to be tried again, replaces that.
        review(&store, &tma_id, 70).await;
        let state = finish(&store, &second, json!({"outcome": "retry", "code": "timeout"})).await;
        assert_eq!(state["state"], "superseded");
        let third = claim(&store).await;
        assert_eq!((&third["grade"], third["earlier"].as_array().unwrap().len()), (&json!(70.0), 2));
    }

    /// A reviewed submission of a student who handed in nothing else.
    async fn of_another(store: &Store, submission: i64) -> Value {
        let mut origin = origin(submission, 1);
        origin["user_id"] = (424_242_000 + submission).into();
        take_from(store, origin).await;
        let tma_id = complete(store).await;
        review(store, &tma_id, 60).await;
        tma_id
    }

    pub(super) async fn a_grade_whose_owner_cannot_be_opened_holds_up_no_other(base: Base) {
        let store = base.store().await;
        let (sealed, damaged) = (of_another(&store, 7).await, of_another(&store, 8).await);
        let mut options = base.options();
        options.seal_keys = awap_store::SealKeys::from_hex(&"5a".repeat(32), &[support::SEAL_KEY]).unwrap();
        let rotating = awap_store::Store::open(options).await.unwrap();
        let sound = of_another(&rotating, 9).await;
        support::execute(
            &base,
            "UPDATE moodle_submissions SET sealed = (SELECT o.sealed FROM moodle_submissions o \
            WHERE o.submission_id = 9) WHERE submission_id = 8",
        )
        .await;
        let mut options = base.options();
        options.seal_keys = awap_store::SealKeys::from_hex(&"5a".repeat(32), &[]).unwrap();
        let other = awap_store::Store::open(options).await.unwrap();
        assert_eq!(claim(&other).await["tma_id"], sound);
        assert_eq!(states(&other, &sealed).await, [("queued".to_owned(), json!("not_configured"))]);
        assert_eq!(states(&other, &damaged).await, [("failed".to_owned(), json!("internal"))]);
        wake(&base).await;
        assert_eq!(claim(&store).await["tma_id"], sealed, "the key is back");
    }

    pub(super) async fn a_newer_version_takes_a_waiting_grade_back(base: Base) {
        let store = base.store().await;
        let tma_id = reviewed(&store, 7).await;
        take(&store, 7, 2).await;
        assert_eq!(states(&store, &tma_id).await, [("superseded".to_owned(), json!("newer_version"))]);
        assert_eq!(claim(&store).await, Value::Null);
    }

    pub(super) async fn stale_feedback_is_reviewed_and_not_sent(base: Base) {
        let store = base.store().await;
        take(&store, 7, 1).await;
        let tma_id = complete(&store).await;
        take(&store, 7, 2).await;
        assert_eq!(review(&store, &tma_id, 60).await["reviewed_by"], "tutor-7");
        assert_eq!(states(&store, &tma_id).await, []);
    }

    pub(super) async fn a_conflict_is_told_and_decided_by_a_person(base: Base) {
        let store = base.store().await;
        let tma_id = reviewed(&store, 7).await;
        let upload = claim(&store).await;
        let conflict = json!({"outcome": "conflict", "seen": {"grade": 33}, "code": "changed",
            "message": "The grade in Moodle was changed.", "details": {"expected": null, "found": 33}});
        finish(&store, &upload, conflict.clone()).await;
        let row = upload_of(&store, &tma_id).await;
        assert_eq!((&row["state"], &row["details"]["found"]), (&json!("conflict"), &json!(33)));
        assert_eq!(events(&store, &tma_id).await.last().unwrap(), "grade.conflict");
        assert_eq!(claim(&store).await, Value::Null, "nobody decides it but a person");

        let retry = json!({"upload_id": row["id"], "actor": {"id": "tutor"}});
        assert_eq!(ask(&store, "retry_upload", retry.clone()).await["state"], "queued");
        let upload = claim(&store).await;
        assert_eq!(upload["owner"]["expected"]["feedback_comment"], "Ask Wilhelmina.", "nothing was decided");
        finish(&store, &upload, conflict).await;
        let mut overwrite = retry;
        overwrite["overwrite"] = true.into();
        ask(&store, "retry_upload", overwrite).await;
        assert_eq!(claim(&store).await["owner"]["expected"], json!({"grade": 33}));
        let audit = ask(&store, "list_audit", json!({"action": "grade.retry"})).await;
        assert_eq!(audit["entries"][0]["metadata"]["overwrite"], true);
    }

    pub(super) async fn a_failure_is_told_and_tried_again_by_hand(base: Base) {
        let store = base.store().await;
        let tma_id = reviewed(&store, 7).await;
        let upload = claim(&store).await;
        let retry = json!({"upload_id": upload["upload_id"], "actor": {"id": "tutor"}});
        assert_eq!(refused(&store, "retry_upload", retry.clone()).await.0, "conflict", "it is being sent");
        finish(
            &store,
            &upload,
            json!({"outcome": "failed", "code": "locked", "message": "The row is locked."}),
        )
        .await;
        assert_eq!(states(&store, &tma_id).await, [("failed".to_owned(), json!("locked"))]);
        assert_eq!(claim(&store).await, Value::Null);
        let page = ask(&store, "list_uploads", json!({"state": "failed", "actor": {"id": "tutor"}})).await;
        assert_eq!(page["uploads"].as_array().unwrap().len(), 1);
        ask(&store, "retry_upload", retry.clone()).await;
        finish(&store, &claim(&store).await, sent()).await;
        assert_eq!(refused(&store, "retry_upload", retry).await.0, "conflict", "it was sent");
        let nowhere = json!({"upload_id": tma_id, "actor": {"id": "tutor"}});
        assert_eq!(refused(&store, "retry_upload", nowhere).await.0, "not_found");
        let state = ask(&store, "sync_state", json!({"site": support::moodle::SITE})).await;
        assert_eq!(state["uploads"], json!({"queued": 0, "sending": 0, "conflict": 0, "failed": 0}));
    }

    pub(super) async fn what_changed_since_is_not_sent_by_hand(base: Base) {
        let store = base.store().await;
        let tma_id = reviewed(&store, 7).await;
        let upload = claim(&store).await;
        finish(&store, &upload, json!({"outcome": "failed", "code": "locked"})).await;
        let retry = json!({"upload_id": upload["upload_id"], "actor": {"id": "tutor"}});
        ask(&store, "update_feedback", json!({"tma_id": tma_id, "changes": {"grade": 10}})).await;
        assert_eq!(refused(&store, "retry_upload", retry.clone()).await.0, "conflict", "no longer approved");
        review(&store, &tma_id, 11).await;
        assert_eq!(refused(&store, "retry_upload", retry.clone()).await.0, "conflict", "another is");
        take(&store, 7, 2).await;
        assert_eq!(refused(&store, "retry_upload", retry).await.0, "conflict", "the work changed");
    }

    pub(super) async fn a_review_without_a_grade_fails_at_once(base: Base) {
        let store = base.store().await;
        take(&store, 7, 1).await;
        let tma_id = complete(&store).await;
        let request = json!({"tma_id": tma_id, "changes": {"grade": null}, "reviewed_by": "t"});
        ask(&store, "update_feedback", request).await;
        assert_eq!(states(&store, &tma_id).await, [("failed".to_owned(), json!("no_grade"))]);
        assert_eq!(claim(&store).await, Value::Null);
    }

    pub(super) async fn without_reviews_drafts_are_queued_where_so_configured(base: Base) {
        let mut options = base.options();
        options.uploads = Uploads::Unreviewed;
        let store = Store::open(options).await.unwrap();
        take(&store, 7, 1).await;
        let tma_id = complete(&store).await;
        assert_eq!(states(&store, &tma_id).await[0].0, "queued");
        let mut options = base.options();
        options.uploads = Uploads::Off;
        let off = Store::open(options).await.unwrap();
        review(&off, &tma_id, 60).await;
        assert_eq!(states(&store, &tma_id).await.len(), 1, "where none are to go, none is queued");
    }

    pub(super) async fn reading_whose_grade_it_is_is_audited(base: Base) {
        let store = base.store().await;
        let tma_id = reviewed(&store, 7).await;
        claim(&store).await;
        let pseudonym = ask(&store, "get_tma", json!({"id": tma_id})).await["student_id"].take();
        let audit = ask(&store, "list_audit", json!({"pseudonym": pseudonym})).await;
        assert_eq!(audit["entries"][0]["action"], "grade.claim");
        assert_eq!(audit["entries"][0]["actor_type"], "worker");
    }

    pub(super) async fn an_erasure_takes_the_outbox_with_it(base: Base) {
        let store = base.store().await;
        let tma_id = reviewed(&store, 7).await;
        let upload = claim(&store).await;
        let pseudonym = ask(&store, "get_tma", json!({"id": tma_id})).await["student_id"].take();
        let request = json!({"pseudonym": pseudonym, "reason": "r", "actor": {"id": "officer"}});
        assert_eq!(ask(&store, "erase_student", request).await["erased"]["uploads"], 1);
        assert_eq!(support::count(&base, "SELECT COUNT(*) FROM moodle_uploads").await, 0);
        let late = json!({"upload_id": upload["upload_id"], "worker": "o", "outcome": "sent"});
        assert_eq!(refused(&store, "finish_upload", late).await.0, "not_found");
    }

    pub(super) async fn what_is_on_its_way_is_not_purged(base: Base) {
        let store = base.store().await;
        let tma_id = reviewed(&store, 7).await;
        let purge = json!({"what": "tmas", "older_than_days": 0});
        assert_eq!(ask(&store, "purge_expired", purge.clone()).await["purged"], 0, "it waits");
        let upload = claim(&store).await;
        assert_eq!(ask(&store, "purge_expired", purge.clone()).await["purged"], 0, "it is being sent");
        finish(&store, &upload, sent()).await;
        assert_eq!(states(&store, &tma_id).await[0].0, "sent");
        assert_eq!(ask(&store, "purge_expired", purge.clone()).await["purged"], 1);
        // One that may never get there does not keep a student's work for ever.
        reviewed(&store, 8).await;
        assert_eq!(ask(&store, "purge_expired", purge.clone()).await["purged"], 0);
        support::execute(&base, "UPDATE moodle_uploads SET inserted_at = '2020-01-01T00:00:00.000000Z'")
            .await;
        assert_eq!(ask(&store, "purge_expired", purge).await["purged"], 1);
    }
}
