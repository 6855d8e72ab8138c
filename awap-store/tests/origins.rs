//! TMAs from Moodle: taken in once, versions of one work, what is sealed, and one sync at a time, on both databases.

mod support;

use support::moodle::{SITE, complete, origin, take, take_from};
use support::{ask, refused, tma};

on_each_database!(
    a_submission_is_taken_in_once,
    two_hosts_take_a_submission_in_once,
    what_moodle_says_anew_of_the_same_is_kept_and_no_more,
    a_resubmission_is_a_new_version_and_the_old_one_stays,
    feedback_on_a_superseded_version_is_stale_also_where_it_comes_later,
    a_later_attempt_follows_an_earlier_one,
    the_work_of_a_team_is_one_and_of_the_team,
    due_dates_and_extensions_are_set_right_without_a_download,
    who_handed_in_and_the_names_of_files_are_sealed,
    a_worker_is_told_when_the_work_was_due_and_came,
    an_erased_or_purged_work_is_not_taken_in_again_until_it_changes,
    an_export_has_where_it_came_from,
    origins_and_owners_are_sealed_anew,
    no_worker_is_given_what_is_not_read,
    one_sync_runs_at_a_time,
    a_sync_rests_after_another_and_not_for_a_clock_that_was_ahead,
    a_sync_that_is_over_is_told_once,
    assignments_keep_their_watermark_through_a_failure,
    a_bad_origin_is_refused_and_changes_nothing,
);

#[allow(clippy::unwrap_used, clippy::panic)] // A test that fails says so.
mod body {
    use super::*;
    use awap_store::SealKeys;
    use serde_json::{Value, json};

    use crate::support::moodle::events;
    use crate::support::{self, Base, SEAL_KEY};

    async fn unseen(store: &awap_store::Store, submission: i64, n: usize) -> Value {
        let seen = json!([{"submission_id": submission, "seen": format!("seen {n}"),
            "due_at": "2026-11-21T12:00:00Z"}]);
        ask(store, "check_submissions", json!({"site": SITE, "submissions": seen})).await["unseen"].take()
    }

    pub(super) async fn a_worker_is_told_when_the_work_was_due_and_came(base: Base) {
        let store = base.store().await;
        let mut extended = origin(8, 1);
        extended["extension_due_at"] = "2026-11-28T12:00:00Z".into();
        for (origin, due) in [(origin(7, 1), "2026-11-21"), (extended, "2026-11-28")] {
            take_from(&store, origin).await;
            let job =
                ask(&store, "claim_job", json!({"worker": "w", "lease_ms": 60_000})).await["job"].take();
            assert_eq!(job["tma"]["submitted_at"], "2026-11-20T10:00:00.000000Z");
            assert_eq!(job["tma"]["due_at"], format!("{due}T12:00:00.000000Z"));
        }
        ask(&store, "create_tma", json!({"tma": tma(2)})).await;
        let here = ask(&store, "claim_job", json!({"worker": "w", "lease_ms": 60_000})).await["job"].take();
        assert!(here["tma"].get("due_at").is_none(), "what was handed in here has no date but its own");
    }

    async fn tmas(base: &Base) -> i64 {
        support::count(base, "SELECT COUNT(*) FROM tmas").await
    }

    pub(super) async fn a_submission_is_taken_in_once(base: Base) {
        let store = base.store().await;
        assert_eq!(unseen(&store, 7, 1).await, json!([7]));
        let first = take(&store, 7, 1).await;
        assert_eq!((&first["created"], &first["status"]), (&json!(true), &json!("pending")));
        assert_eq!(unseen(&store, 7, 1).await, json!([]), "nothing is to be downloaded again");
        assert_eq!(unseen(&store, 7, 2).await, json!([7]), "something may have changed");
        let again = take(&store, 7, 1).await;
        assert_eq!((&again["created"], &again["id"]), (&json!(false), &first["id"]));
        assert_eq!(tmas(&base).await, 1);
        let mut elsewhere = origin(7, 1);
        elsewhere["site"] = "https://other.example".into();
        assert_eq!(
            take_from(&store, elsewhere).await["created"],
            true,
            "another site has numbers of its own"
        );
        let row = ask(&store, "get_tma", json!({"id": first["id"]})).await;
        assert_eq!(row["origin"]["source"], "moodle");
        assert_eq!((&row["origin"]["version"], &row["origin"]["files"]), (&json!(1), &json!(1)));
        assert_eq!(row["origin"]["unread_files"], 1);
        assert_eq!(row["origin"]["due_at"], "2026-11-21T12:00:00.000000Z");
        let here = ask(&store, "create_tma", json!({"tma": tma(2)})).await;
        assert_eq!(ask(&store, "get_tma", json!({"id": here["id"]})).await["origin"], Value::Null);
    }

    pub(super) async fn two_hosts_take_a_submission_in_once(base: Base) {
        let hosts = [base.store().await, base.store().await];
        let at_once: Vec<_> = (0..8)
            .map(|n| {
                let store = hosts[n % 2].clone();
                tokio::spawn(async move { take(&store, 7, 1).await })
            })
            .collect();
        let mut created = 0;
        for taken in at_once {
            created += usize::from(taken.await.unwrap()["created"] == true);
        }
        assert_eq!((created, tmas(&base).await), (1, 1));
    }

    pub(super) async fn what_moodle_says_anew_of_the_same_is_kept_and_no_more(base: Base) {
        let store = base.store().await;
        let first = take(&store, 7, 1).await;
        let mut touched = origin(7, 1);
        touched["seen"] = "seen 2".into();
        touched["submitted_at"] = "2026-11-20T11:00:00Z".into();
        let again = take_from(&store, touched).await;
        assert_eq!((&again["created"], &again["id"]), (&json!(false), &first["id"]));
        assert_eq!(unseen(&store, 7, 2).await, json!([]), "and not downloaded a third time");
        let row = ask(&store, "get_tma", json!({"id": first["id"]})).await;
        assert_eq!(row["origin"]["submitted_at"], "2026-11-20T11:00:00.000000Z");
    }

    pub(super) async fn a_resubmission_is_a_new_version_and_the_old_one_stays(base: Base) {
        let store = base.store().await;
        let first = take(&store, 7, 1).await;
        let id = complete(&store).await;
        let before = ask(&store, "get_feedback", json!({"tma_id": id})).await;
        assert_eq!((&before["stale"], &before["superseded_by"]), (&json!(false), &Value::Null));
        let second = take(&store, 7, 2).await;
        assert_eq!((&second["created"], &second["version"]), (&json!(true), &json!(2)));
        assert_eq!(second["student_id"], first["student_id"]);
        let old = ask(&store, "get_tma", json!({"id": first["id"]})).await;
        assert_eq!(old["origin"]["superseded_by"], second["id"]);
        assert_eq!(old["content"]["text"], "Made by [STUDENT].", "the old one stays");
        let new = ask(&store, "get_tma", json!({"id": second["id"]})).await;
        assert_eq!((&new["origin"]["version"], &new["origin"]["previous_id"]), (&json!(2), &first["id"]));
        let stale = ask(&store, "get_feedback", json!({"tma_id": id})).await;
        assert_eq!((&stale["stale"], &stale["superseded_by"]), (&json!(true), &second["id"]));
        // A tutor who had read it before is told.
        let edit =
            json!({"tma_id": id, "changes": {"grade": 1}, "expected_updated_at": before["updated_at"]});
        assert_eq!(refused(&store, "update_feedback", edit).await.0, "conflict");
        assert_eq!(events(&store, &first["id"]).await.last().unwrap(), "tma.superseded");
        let listed = ask(&store, "list_tmas", json!({})).await;
        assert_eq!(listed["tmas"][0]["origin"]["version"], 2);
        assert_eq!(ask(&store, "verify_events", json!({})).await["valid"], true);
        // What was handed in before the last time is no news, but comes again as a version.
        assert_eq!(take(&store, 7, 1).await["created"], true);
    }

    pub(super) async fn feedback_on_a_superseded_version_is_stale_also_where_it_comes_later(base: Base) {
        let store = base.store().await;
        take(&store, 7, 1).await;
        take(&store, 7, 2).await;
        let first = complete(&store).await;
        assert_eq!(ask(&store, "get_feedback", json!({"tma_id": first})).await["stale"], true);
        let second = complete(&store).await;
        assert_eq!(ask(&store, "get_feedback", json!({"tma_id": second})).await["stale"], false);
    }

    pub(super) async fn a_later_attempt_follows_an_earlier_one(base: Base) {
        let store = base.store().await;
        let first = take(&store, 7, 1).await;
        let mut later = origin(9, 1);
        later["attempt"] = 1.into();
        let second = take_from(&store, later).await;
        let row = ask(&store, "get_tma", json!({"id": second["id"]})).await["origin"].take();
        assert_eq!((&row["version"], &row["previous_id"]), (&json!(2), &first["id"]));
        assert_eq!((&row["attempt"], &row["submission_id"]), (&json!(1), &json!(9)));
        let mut other = origin(10, 1);
        other["user_id"] = 5.into();
        let other = take_from(&store, other).await;
        let row = ask(&store, "get_tma", json!({"id": other["id"]})).await;
        assert_eq!(row["origin"]["version"], 1, "another student's work is none of theirs");
    }

    pub(super) async fn the_work_of_a_team_is_one_and_of_the_team(base: Base) {
        let store = base.store().await;
        let mut team = origin(7, 1);
        team["user_id"] = Value::Null;
        team["group_id"] = 3.into();
        team["members"] = json!([11, 12]);
        let taken = take_from(&store, team).await;
        let row = ask(&store, "get_tma", json!({"id": taken["id"]})).await;
        assert_eq!(row["origin"]["group_id"], 3);
        let id = complete(&store).await;
        support::moodle::review(&store, &id, 50).await;
        let upload = support::moodle::claim(&store).await;
        assert_eq!(upload["owner"]["members"], json!([11, 12]));
        assert_eq!((&upload["owner"]["user_id"], &upload["group_id"]), (&Value::Null, &json!(3)));
    }

    pub(super) async fn due_dates_and_extensions_are_set_right_without_a_download(base: Base) {
        let store = base.store().await;
        let taken = take(&store, 7, 1).await;
        let check = async |fields: Value| {
            let mut seen = json!({"submission_id": 7, "seen": "seen 1", "due_at": "2026-11-21T12:00:00Z"});
            seen.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
            ask(&store, "check_submissions", json!({"site": SITE, "submissions": [seen]})).await
        };
        let extended = check(json!({"extension_due_at": "2026-11-28T12:00:00Z"})).await;
        assert_eq!((&extended["unseen"], &extended["redated"]), (&json!([]), &json!(1)));
        assert_eq!(check(json!({})).await["redated"], 0, "an extension that was not asked for stays");
        let row = ask(&store, "get_tma", json!({"id": taken["id"]})).await;
        assert_eq!(row["origin"]["extension_due_at"], "2026-11-28T12:00:00.000000Z");
        assert_eq!(
            check(json!({"extension_due_at": null})).await["redated"],
            1,
            "and one that was taken back goes"
        );
    }

    pub(super) async fn who_handed_in_and_the_names_of_files_are_sealed(base: Base) {
        let store = base.store().await;
        support::moodle::reviewed(&store, 7).await;
        let upload = support::moodle::claim(&store).await;
        assert_eq!(upload["owner"]["user_id"], 424_242_424);
        support::moodle::finish(
            &store,
            &upload,
            json!({"outcome": "conflict", "seen": {"feedback_comment": "Mina Zed"},
            "code": "changed", "details": {"found": 5}}),
        )
        .await;
        let dump = support::dump(&base).await;
        for secret in ["424242424", "zzyzxon", "Zzyzxon", "Wilhelmina", "Mina Zed"] {
            let found = dump.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "“{secret}” is in the database in the clear");
        }
    }

    pub(super) async fn an_erased_or_purged_work_is_not_taken_in_again_until_it_changes(base: Base) {
        let store = base.store().await;
        let taken = take(&store, 7, 1).await;
        let request = json!({"pseudonym": taken["student_id"], "reason": "r", "actor": {"id": "officer"}});
        let erased = ask(&store, "erase_student", request).await;
        assert_eq!((&erased["erased"]["tmas"], &erased["erased"]["origins"]), (&json!(1), &json!(1)));
        let sealed = "SELECT COUNT(*) FROM moodle_submissions WHERE sealed IS NOT NULL";
        assert_eq!(support::count(&base, sealed).await, 0, "nobody is named any more");
        assert_eq!(unseen(&store, 7, 1).await, json!([]));
        let again = take(&store, 7, 1).await;
        assert_eq!((&again["created"], &again["status"]), (&json!(false), &json!("gone")));
        assert_eq!(tmas(&base).await, 0);

        assert_eq!(take(&store, 7, 2).await["created"], true, "what is handed in anew is taken in");
        complete(&store).await;
        let purge = json!({"what": "tmas", "older_than_days": 0});
        assert_eq!(ask(&store, "purge_expired", purge).await["purged"], 1);
        assert_eq!(support::count(&base, sealed).await, 0);
        assert_eq!(take(&store, 7, 2).await["status"], "gone");
        assert_eq!(tmas(&base).await, 0);
    }

    pub(super) async fn an_export_has_where_it_came_from(base: Base) {
        let store = base.store().await;
        let id = support::moodle::reviewed(&store, 7).await;
        let row = ask(&store, "get_tma", json!({"id": id})).await;
        let request = json!({"pseudonym": row["student_id"], "reason": "r", "actor": {"id": "officer"}});
        let exported = ask(&store, "export_student", request).await["tmas"][0].take();
        assert_eq!(exported["origin_details"]["files"][0]["name"], "zzyzxon_tma01.docx");
        assert_eq!(exported["origin_details"]["owner"]["user_id"], 424_242_424);
        assert_eq!(exported["uploads"][0]["state"], "queued");
    }

    pub(super) async fn origins_and_owners_are_sealed_anew(base: Base) {
        let store = base.store().await;
        support::moodle::reviewed(&store, 7).await;
        let new = "6b".repeat(32);
        let mut options = base.options();
        options.seal_keys = SealKeys::from_hex(&new, &[SEAL_KEY]).unwrap();
        let rotating = awap_store::Store::open(options).await.unwrap();
        let mut cursor = Value::Null;
        let done = loop {
            let answer = ask(&rotating, "reseal", json!({"limit": 1, "cursor": cursor})).await;
            cursor = answer["next_cursor"].clone();
            if cursor.is_null() {
                break answer;
            }
        };
        assert_eq!((&done["done"], &done["remaining"]), (&json!(true), &json!(0)));
        let mut options = base.options();
        options.seal_keys = SealKeys::from_hex(&new, &[]).unwrap();
        let rotated = awap_store::Store::open(options).await.unwrap();
        assert_eq!(support::moodle::claim(&rotated).await["owner"]["user_id"], 424_242_424);
    }

    pub(super) async fn no_worker_is_given_what_is_not_read(base: Base) {
        let store = base.store().await;
        let mut with = tma(1);
        with["unread_attachments"] = json!([{"filename": "p.png", "data_base64": "cGljdHVyZQ=="}]);
        let created = ask(&store, "create_tma", json!({"tma": with, "origin": origin(7, 1)})).await;
        let job = ask(&store, "claim_job", json!({"worker": "w", "lease_ms": 60_000})).await["job"].take();
        assert_eq!(job["tma"]["unread_attachments"], Value::Null);
        assert_eq!(job["tma"]["content"], tma(1)["content"]);
        let request = json!({"pseudonym": created["student_id"], "reason": "r", "actor": {"id": "officer"}});
        let exported = ask(&store, "export_student", request).await;
        assert_eq!(exported["tmas"][0]["original"], with, "but it is kept");
    }

    pub(super) async fn one_sync_runs_at_a_time(base: Base) {
        let hosts = [base.store().await, base.store().await];
        let begin = |n: usize, holder: &str, ms: i64| {
            let (store, data) =
                (hosts[n % 2].clone(), json!({"site": SITE, "holder": holder, "lease_ms": ms}));
            async move { ask(&store, "begin_sync", data).await }
        };
        let mut at_once = Vec::new();
        for n in 0..6 {
            let holder = format!("host-{n}");
            at_once.push(tokio::spawn(begin(n, &holder, 60_000)));
        }
        let mut holders = Vec::new();
        for (n, one) in at_once.into_iter().enumerate() {
            let answer = one.await.unwrap();
            if answer["begun"] == true {
                holders.push(n);
            } else {
                assert_eq!(answer["reason"], "running");
            }
        }
        assert_eq!(holders.len(), 1);
        let holder = format!("host-{}", holders[0]);
        let other = json!({"site": SITE, "holder": "another", "lease_ms": 1000});
        assert_eq!(refused(&hosts[0], "extend_sync", other.clone()).await.0, "conflict");
        assert_eq!(refused(&hosts[0], "end_sync", other).await.0, "conflict");
        let end = json!({"site": SITE, "holder": holder, "outcome": "ok"});
        ask(&hosts[1], "end_sync", end).await;
        // One that was killed holds it until its lease runs out, and no longer.
        assert_eq!(begin(0, "killed", 1).await["begun"], true);
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        assert_eq!(begin(1, "next", 60_000).await["begun"], true);
        let late = json!({"site": SITE, "holder": "killed", "lease_ms": 1000});
        assert_eq!(refused(&hosts[0], "extend_sync", late).await.0, "conflict", "the first is to stop");
    }

    pub(super) async fn a_sync_rests_after_another_and_not_for_a_clock_that_was_ahead(base: Base) {
        let store = base.store().await;
        let begin = json!({"site": SITE, "holder": "a", "lease_ms": 60_000, "rest_ms": 600_000});
        assert_eq!(ask(&store, "begin_sync", begin.clone()).await["begun"], true);
        ask(&store, "end_sync", json!({"site": SITE, "holder": "a", "outcome": "ok"})).await;
        let rested = ask(&store, "begin_sync", begin.clone()).await;
        assert_eq!((&rested["begun"], &rested["reason"]), (&json!(false), &json!("rested")));
        let by_hand = json!({"site": SITE, "holder": "b", "lease_ms": 60_000});
        assert_eq!(ask(&store, "begin_sync", by_hand).await["begun"], true, "by hand it does not rest");
        ask(&store, "end_sync", json!({"site": SITE, "holder": "b", "outcome": "ok"})).await;
        let ahead = "UPDATE moodle_syncs SET finished_at = '2099-01-01T00:00:00.000000Z'";
        support::execute(&base, ahead).await;
        assert_eq!(ask(&store, "begin_sync", begin).await["begun"], true);
    }

    pub(super) async fn a_sync_that_is_over_is_told_once(base: Base) {
        let store = base.store().await;
        for tell in [false, true] {
            ask(&store, "begin_sync", json!({"site": SITE, "holder": "a", "lease_ms": 60_000})).await;
            let state = ask(&store, "sync_state", json!({"site": SITE})).await;
            assert_eq!(state["running"], true);
            ask(
                &store,
                "end_sync",
                json!({"site": SITE, "holder": "a", "outcome": "partial", "tell": tell,
                "report": {"stored": 3}}),
            )
            .await;
        }
        let told = ask(&store, "query_events", json!({"stream_id": "moodle-sync"})).await;
        assert_eq!(told["events"].as_array().unwrap().len(), 1);
        assert_eq!(told["events"][0]["type"], "moodle.synced");
        assert_eq!(told["events"][0]["data"], json!({"outcome": "partial", "stored": 3}));
        let state = ask(&store, "sync_state", json!({"site": SITE})).await;
        assert_eq!((&state["running"], &state["outcome"]), (&json!(false), &json!("partial")));
    }

    pub(super) async fn assignments_keep_their_watermark_through_a_failure(base: Base) {
        let store = base.store().await;
        let put = async |fields: Value| {
            let mut data =
                json!({"site": SITE, "assignment_id": 11, "course_id": 2, "facts": {"name": "TMA 01"}});
            data.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
            ask(&store, "put_assignment", data).await;
            ask(&store, "list_assignments", json!({"site": SITE})).await["assignments"][0].take()
        };
        let first = put(json!({"watermark": 1_795_000_000, "listed": true})).await;
        assert_eq!(first["watermark"], 1_795_000_000);
        let failed = put(json!({"error_code": "too_large", "error_message": "A file is too large."})).await;
        assert_eq!((&failed["watermark"], &failed["listed_at"]), (&first["watermark"], &first["listed_at"]));
        let state = ask(&store, "sync_state", json!({"site": SITE})).await;
        assert_eq!(state["failing"][0]["error_code"], "too_large");
        assert_eq!(put(json!({"watermark": 1_795_000_100})).await["error_code"], Value::Null);
        assert_eq!(ask(&store, "sync_state", json!({"site": SITE})).await["failing"], json!([]));
    }

    pub(super) async fn a_bad_origin_is_refused_and_changes_nothing(base: Base) {
        let store = base.store().await;
        for (key, value, path) in [
            ("site", Value::Null, "origin.site"),
            ("submission_id", json!("7"), "origin.submission_id"),
            ("submission_id", json!(0), "origin.submission_id"),
            ("user_id", Value::Null, "origin.user_id"),
            ("seen", json!(""), "origin.seen"),
            ("due_at", json!("soon"), "origin.due_at"),
            ("students", json!(1), "origin.students"),
        ] {
            let mut bad = origin(7, 1);
            bad[key] = value;
            let (code, at) = refused(&store, "create_tma", json!({"tma": tma(1), "origin": bad})).await;
            assert_eq!((code.as_str(), at.as_str()), ("invalid_input", path));
        }
        assert_eq!(tmas(&base).await, 0);
        assert_eq!(support::count(&base, "SELECT COUNT(*) FROM moodle_submissions").await, 0);
    }
}
