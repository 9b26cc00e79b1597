"""What Huddle promises about itself: 28 figures and the tests that reach them, or do not.

A test that measures says its figure by `record_property("reached", …)` and its seed by `record_property("seed", …)`; of the
others only how many passed is told. Nodes are pytest's: a file, or one test in it.
"""

from typing import NamedTuple


class Promise(NamedTuple):
    """One line of the table.

    asked: the figure. tests: what is run by day, all: what is run besides with --all (and whatever is marked night in
    either). lacks: what of the asked no test shows. by_day: what the small sizes of a day lack; --all runs the whole.
    """

    number: str
    name: str
    asked: str
    tests: tuple[str, ...]
    lacks: str = ""
    by_day: str = ""


CRASH, SECURITY, STAFF = "tests/crash/", "tests/security/", "tests/staff/"
PROMISES = (
    Promise(
        "1",
        "a blast survives murder",
        "1,000 recipients, 200 kills: 0 lost, 0 twice, one audit row each",
        (
            CRASH + "test_blast_survives.py::test_texts_with_eight_murders",
            CRASH + "test_blast_survives.py::test_a_thousand_texts_with_many_murders",
        ),
        by_day="80 recipients, 8 kills by day",
    ),
    Promise(
        "2",
        "a gateway without keys",
        "0 twice, 0 lost silently, blind sends again 0",
        (
            CRASH + "test_blast_survives.py::test_mails_with_eight_murders_every_doubtful_one_is_shown",
            CRASH + "test_blast_survives.py::test_mails_whose_receiver_knows_their_ids_with_five_murders",
            CRASH + "test_blast_survives.py::test_a_thousand_mails_with_many_murders",
            CRASH + "test_two_workers.py",
            "tests/outbox/test_outbox.py::test_a_row_in_doubt_is_not_touched_before_the_settle_window_and_then_looked_up",
        ),
        by_day="80 recipients, 8 kills by day",
    ),
    Promise(
        "3",
        "named crash points",
        "100 % of points end at the same rows",
        (
            CRASH
            + "test_blast_survives.py::test_killed_at_a_named_place_the_rows_end_as_if_nothing_had_happened",
            CRASH + "test_sync_survives.py",
            CRASH + "test_inbox_survives.py",
            CRASH + "test_links_survive.py",
            CRASH + "test_tasks_survive.py",
            CRASH + "test_cliniko_survives.py",
            CRASH + "test_key_change_survives.py",
            "tests/jobs/test_import_killed.py",
        ),
    ),
    Promise(
        "4",
        "power cut",
        "2,000 cuts, 0 acknowledged commits lost; every connection wal / FULL / foreign keys",
        ("tests/store/test_engine.py::test_every_pooled_connection_keeps_its_promises",),
        lacks="cuts are not replayed here: only that every connection writes through (FULL)",
    ),
    Promise(
        "5",
        "disk full, I/O error",
        "ENOSPC and EIO at every write 1–200: 0 corrupt, a plain sentence, work resumes",
        ("tests/web/test_full_disk.py",),
        lacks="a full disk, not EIO, and not at each single write",
    ),
    Promise(
        "6",
        "backups restore",
        "among 8 writers one moment; wrong key or 1 byte refused; 1 GB in ≤ 60 s; at most 15 min lost",
        ("tests/backups",),
        lacks="at most 60 min lost as shipped (HUDDLE_BACKUP_EVERY_MINUTES=15 makes it 15)",
        by_day="restored in small by day, 1 GB with --all",
    ),
    Promise(
        "7",
        "migrations",
        "every past schema with data to head, same totals; killed half-way: run again",
        (
            "tests/store/test_engine.py::test_a_store_in_use_is_brought_up_to_date_with_its_rows",
            "tests/store/test_engine.py::test_migrating_twice_changes_nothing",
            "tests/store/test_engine.py::test_the_schema_of_the_migrations_is_the_schema_of_the_models",
            "tests/backups/test_backups.py::test_a_backup_of_an_older_schema_is_brought_up_to_date",
        ),
        lacks="not from every past schema, and never killed",
    ),
    Promise(
        "8",
        "the store converges",
        "500 runs × 50 steps of 15 faults: row for row the processor's, 0 twice",
        ("tests/properties/test_convergence.py",),
        by_day="12 runs × 40 steps by day",
    ),
    Promise(
        "9",
        "old news never wins",
        "0 in 10,000 interleavings",
        (
            "tests/store/test_engine.py::test_old_news_never_wins",
            "tests/links/test_link_life.py::test_the_order_in_which_news_comes_changes_nothing",
            "tests/jobs/test_cash_practice_reports.py::test_an_older_export_never_wins",
            "tests/fhir/test_files.py::test_old_news_never_wins_and_comes_in_any_order",
        ),
        lacks="single cases and the runs of 8 and 16, not 10,000 of their own",
    ),
    Promise(
        "10",
        "concurrent syncs",
        "8 processes × 40 pages: 0 failed, 0 twice; a lost lease retaken in ≤ 60 s",
        (
            CRASH
            + "test_sync_survives.py::test_six_processes_at_once_one_syncs_and_the_others_leave_with_a_sentence",
            CRASH + "test_sync_survives.py::test_a_lease_is_for_one_and_runs_out_within_a_minute",
            CRASH + "test_sync_survives.py::test_who_lost_the_lease_commits_nothing",
            "tests/jobs/test_distributed.py",
        ),
        lacks="six processes",
    ),
    Promise(
        "11",
        "manners",
        "≤ 5 tries, ≤ 2 min, full jitter, Retry-After ± 1 s, circuit after 5; nothing repeated without its key",
        ("tests/integrations/test_http.py", "tests/integrations/test_fortis_writes.py"),
    ),
    Promise(
        "12",
        "bad files",
        "rows in = stored + unchanged + set aside; 10,000 spoilt files, 0 crashes; 1,000,000 rows ≤ 512 MB",
        (
            "tests/jobs/test_import_mutations.py",
            "tests/jobs/test_import_large.py",
            "tests/fhir/test_mutations.py",
            "tests/fhir/test_large.py",
        ),
        by_day="250 spoilt files and 40,000 rows by day",
    ),
    Promise(
        "13",
        "money adds up",
        "to the cent for every practice and day; 0 floats",
        ("tests/properties/test_money_rules.py", "tests/oracle/test_agreement.py", "tests/postings"),
    ),
    Promise(
        "14",
        "webhooks: fuzz",
        "10,000 a source: 0 answers ≥ 500, 0 changes, > 256 KB unread, median < 50 ms",
        (
            SECURITY + "test_webhook_fuzz.py",
            "tests/inbox/test_webhooks.py::test_more_than_256_kb_is_refused_without_being_read",
        ),
        by_day="150 a source by day",
    ),
    Promise(
        "15",
        "webhooks: forgeries",
        "12 cases × sources, 100 %",
        (SECURITY + "test_forgeries.py",),
    ),
    Promise(
        "16",
        "webhooks: replay and order",
        "1–5 times, any order, 4 threads, 1,000 shuffles: applied once, one end",
        ("tests/inbox/test_any_order.py", "tests/inbox/test_applying.py"),
        by_day="5 shuffles by day",
    ),
    Promise(
        "17",
        "answer after the store",
        "killed before the answer: told again, applied once",
        (CRASH + "test_inbox_survives.py::test_killed_before_the_answer_it_is_told_again_and_applied_once",),
    ),
    Promise(
        "18",
        "opting out",
        "every stop word in every dress; 0 of 1,000 races; nothing at night; nothing telling in a text",
        (
            "tests/messages/test_rules.py",
            "tests/messages/test_what_comes_back.py",
            "tests/messages/test_one_message.py",
            "tests/blasts/test_blasts.py::test_opting_out_and_sending_race_and_no_claim_after_the_opt_out_takes_the_row",
            "tests/web/test_stop_page.py",
        ),
    ),
    Promise(
        "19",
        "no blast twice",
        "double click, two tabs, rerun, retry: one; above a number the count is typed",
        (
            "tests/blasts/test_blasts.py",
            "tests/ui/test_blast_page.py",
            "tests/ui/test_pressed_twice.py",
            "tests/browser/test_ask_for_it.py::test_a_double_click_sends_one_blast_and_takes_it_back_once",
        ),
    ),
    Promise(
        "20",
        "role matrix",
        "page × role × state by address, websocket and call: 100 %",
        (
            SECURITY + "test_role_matrix.py",
            SECURITY + "test_other_location.py",
            "tests/staff/test_authority.py",
            "tests/web/test_access.py",
        ),
    ),
    Promise(
        "21",
        "signing in",
        "≤ 10 wrong in 15 min an account, ≤ 100 an address; known = unknown to the byte; a code works once; passkeys",
        (
            "tests/staff/test_sign_in.py",
            "tests/web/test_passwords.py",
            "tests/web/test_second_step.py",
            "tests/web/test_signing_in.py",
            "tests/browser/test_passkeys.py",
            SECURITY
            + "test_sessions_over_http.py::test_unknown_wrong_and_disabled_get_the_same_answer_byte_for_byte",
            SECURITY + "test_sessions_over_http.py::test_the_eleventh_guess_has_to_wait_and_says_how_long",
        ),
        lacks="that a known and an unknown name cost the same is shown by what is compared, not by a clock",
    ),
    Promise(
        "22",
        "sessions",
        "new at sign-in, 256 bits, hashed, HttpOnly; idle 15 min; over in open tabs in ≤ 5 s",
        (
            "tests/staff/test_sessions.py",
            SECURITY + "test_sessions_over_http.py",
            SECURITY + "test_login_times_over_http.py",
            "tests/browser/test_sign_in.py",
        ),
    ),
    Promise(
        "23",
        "tenancy",
        "0 leaks in 10,000 calls over all commands and reports",
        (SECURITY + "test_other_location.py", "tests/links/test_links_report.py"),
        lacks="every command once by somebody of another location, not 10,000 calls by chance",
    ),
    Promise(
        "24",
        "hostile names",
        "200 payloads on every page: 0 scripts, 0 requests elsewhere",
        (
            "tests/browser/test_morning.py::test_hostile_names_stay_text_and_fetch_nothing",
            "tests/browser/test_hostile_patient_pages.py",
            "tests/browser/test_team_and_linking.py::test_hostile_names_are_text_in_the_list_and_in_the_drawer",
            "tests/ui/test_text.py",
        ),
        lacks="some twenty payloads, on the morning, the team, linking and patients' pages",
    ),
    Promise(
        "25",
        "exports",
        "0 formulas; negative amounts stay numbers; each written down with filter and count",
        (
            "tests/reports/test_by_name_and_as_file.py",
            "tests/ui/test_card_updates_page.py::test_the_file_holds_the_rows_of_the_page_and_is_written_down",
            "tests/ui/test_tasks_page.py::test_the_export_is_that_of_the_page_and_written_down",
            "tests/web/test_activity_page.py::test_the_books_as_a_file_for_who_may_and_written_down",
        ),
        lacks="read by rule, not opened in LibreOffice",
    ),
    Promise(
        "26",
        "secrets and cards",
        "1,000 card numbers and canaries through every door: 0 in store, WAL, log, page",
        (
            SECURITY + "test_no_key_leaks.py",
            SECURITY + "test_card_numbers_at_every_door.py",
            "tests/jobs/test_secrets_at_rest.py",
            "tests/test_secrets.py",
            "tests/test_logs.py",
        ),
    ),
    Promise(
        "27",
        "clocks",
        "every change of the clocks 2024–2030, zones, leap day: each visit on one day",
        (
            "tests/properties/test_visit_rules.py",
            "tests/properties/test_login_times.py",
            "tests/reports/test_as_of.py",
        ),
        lacks="the worker's own clock is not made to jump (`make test DAY=…` runs the suite on other days)",
    ),
    Promise(
        "28",
        "degrades well",
        "processor down: pages < 1 s; 20 staff + sync + blast: p95 < 1 s, 0 locked; 0 findings of bandit",
        (
            "tests/jobs/test_worker.py::test_it_goes_on_when_the_processor_is_gone_and_when_it_is_back",
            SECURITY + "test_connections.py",
        ),
        lacks="20 people at work beside a sync and a blast are not measured here",
    ),
    Promise(
        "audit",
        "the audit's chain",
        "1,000 tamperings, all found",
        ("tests/audit/test_chain.py",),
    ),
)
