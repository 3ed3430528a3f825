-- The clock's ticks: the instance whose insert wins runs the tick, under a lease.

CREATE TABLE job_run (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    job          TEXT NOT NULL,
    scheduled_at INTEGER NOT NULL,
    owner        TEXT NOT NULL,
    lease_until  INTEGER NOT NULL,
    started_at   INTEGER NOT NULL,
    finished_at  INTEGER,
    outcome      TEXT,
    summary      TEXT
) STRICT;
CREATE UNIQUE INDEX job_run_tick ON job_run (job, scheduled_at);
CREATE INDEX job_run_newest ON job_run (job, id);
