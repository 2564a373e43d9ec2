-- Trigrams, for `contains`.
CREATE EXTENSION IF NOT EXISTS pg_trgm;

-- CreateEnum
CREATE TYPE "check_outcome" AS ENUM ('PASSED', 'WARNED', 'FAILED');

-- CreateEnum
CREATE TYPE "run_status" AS ENUM ('QUEUED', 'RUNNING', 'PAUSED', 'CANCELING', 'SUCCEEDED', 'FAILED', 'CANCELED', 'TIMED_OUT', 'CRASHED');

-- CreateEnum
CREATE TYPE "step_status" AS ENUM ('PENDING', 'QUEUED', 'RUNNING', 'RETRYING', 'SUCCEEDED', 'FAILED', 'SKIPPED', 'CACHED', 'CANCELED');

-- CreateEnum
CREATE TYPE "failure_reason" AS ENUM ('ERROR', 'TIMEOUT', 'CANCELED', 'OUT_OF_MEMORY', 'WORKER_LOST', 'INVALID_OUTPUT', 'UPSTREAM_FAILED');

-- CreateEnum
CREATE TYPE "event_type" AS ENUM ('RUN_QUEUED', 'RUN_STARTED', 'RUN_PAUSED', 'RUN_RESUMED', 'RUN_CANCEL_REQUESTED', 'RUN_SUCCEEDED', 'RUN_FAILED', 'RUN_CANCELED', 'RUN_TIMED_OUT', 'RUN_CRASHED', 'STEP_QUEUED', 'STEP_STARTED', 'STEP_PROGRESS', 'STEP_RETRYING', 'STEP_SUCCEEDED', 'STEP_FAILED', 'STEP_SKIPPED', 'STEP_CACHED', 'STEP_CANCELED', 'ARTIFACT_PRODUCED', 'CHECK_EVALUATED', 'COST_RECORDED', 'LOG_APPENDED', 'METADATA_UPDATED');

-- CreateTable
CREATE TABLE "artifact" (
    "id" UUID NOT NULL,
    "workspace_id" UUID NOT NULL,
    "run_id" UUID,
    "step_key" TEXT,
    "name" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "uri" TEXT,
    "size_bytes" BIGINT NOT NULL DEFAULT 0,
    "checksum" TEXT,
    "quality" DOUBLE PRECISION,
    "metadata" JSONB NOT NULL DEFAULT '{}',
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "version" BIGINT NOT NULL DEFAULT 1,
    "changed_seq" BIGINT,
    "search" tsvector GENERATED ALWAYS AS (to_tsvector('simple', regexp_replace("name" || ' ' || "kind", '[^a-zA-Z0-9\u0080-\U0010FFFF]+', ' ', 'g'))) STORED,

    CONSTRAINT "artifact_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "artifact_use" (
    "run_id" UUID NOT NULL,
    "step_key" TEXT NOT NULL,
    "artifact_id" UUID NOT NULL,
    "changed_seq" BIGINT NOT NULL,

    CONSTRAINT "artifact_use_pkey" PRIMARY KEY ("run_id","step_key","artifact_id")
);

-- CreateTable
CREATE TABLE "artifact_derivation" (
    "upstream_id" UUID NOT NULL,
    "downstream_id" UUID NOT NULL,

    CONSTRAINT "artifact_derivation_pkey" PRIMARY KEY ("upstream_id","downstream_id")
);

-- CreateTable
CREATE TABLE "artifact_check" (
    "id" UUID NOT NULL,
    "artifact_id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "outcome" "check_outcome" NOT NULL,
    "score" DOUBLE PRECISION NOT NULL,
    "details" JSONB NOT NULL DEFAULT '{}',
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "changed_seq" BIGINT,
    "position" BIGSERIAL NOT NULL,

    CONSTRAINT "artifact_check_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "run" (
    "id" UUID NOT NULL,
    "workspace_id" UUID NOT NULL,
    "workflow_id" UUID NOT NULL,
    "workflow_version_id" UUID NOT NULL,
    "status" "run_status" NOT NULL DEFAULT 'QUEUED',
    "status_name" TEXT,
    "version" BIGINT NOT NULL DEFAULT 0,
    "fence" UUID,
    "retry_of" UUID,
    "failure_reason" "failure_reason",
    "error" TEXT,
    "tags" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "metadata" JSONB NOT NULL DEFAULT '{}',
    "steps_total" INTEGER NOT NULL DEFAULT 0,
    "steps_done" INTEGER NOT NULL DEFAULT 0,
    "steps_failed" INTEGER NOT NULL DEFAULT 0,
    "steps_running" INTEGER NOT NULL DEFAULT 0,
    "source_hash" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "started_at" TIMESTAMPTZ(3),
    "finished_at" TIMESTAMPTZ(3),
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "run_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "run_heartbeat" (
    "run_id" UUID NOT NULL,
    "beat_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "run_heartbeat_pkey" PRIMARY KEY ("run_id")
);

-- CreateTable
CREATE TABLE "run_quality" (
    "run_id" UUID NOT NULL,
    "workflow_id" UUID NOT NULL,
    "total" DECIMAL(24,12) NOT NULL,
    "judged" INTEGER NOT NULL,

    CONSTRAINT "run_quality_pkey" PRIMARY KEY ("run_id")
);

-- CreateTable
CREATE TABLE "step_run" (
    "run_id" UUID NOT NULL,
    "step_key" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "position" INTEGER NOT NULL,
    "status" "step_status" NOT NULL DEFAULT 'PENDING',
    "attempt" INTEGER NOT NULL DEFAULT 0,
    "progress" DOUBLE PRECISION,
    "message" TEXT,
    "failure_reason" "failure_reason",
    "error" TEXT,
    "started_at" TIMESTAMPTZ(3),
    "finished_at" TIMESTAMPTZ(3),
    "changed_seq" BIGINT NOT NULL DEFAULT 1,

    CONSTRAINT "step_run_pkey" PRIMARY KEY ("run_id","step_key")
);

-- CreateTable
CREATE TABLE "attempt" (
    "run_id" UUID NOT NULL,
    "step_key" TEXT NOT NULL,
    "attempt" INTEGER NOT NULL,
    "status" "step_status" NOT NULL,
    "worker" TEXT,
    "failure_reason" "failure_reason",
    "error" TEXT,
    "started_at" TIMESTAMPTZ(3),
    "finished_at" TIMESTAMPTZ(3),
    "changed_seq" BIGINT NOT NULL,

    CONSTRAINT "attempt_pkey" PRIMARY KEY ("run_id","step_key","attempt")
);

-- CreateTable
CREATE TABLE "run_event" (
    "run_id" UUID NOT NULL,
    "seq" BIGINT NOT NULL,
    "event_id" UUID NOT NULL,
    "type" "event_type" NOT NULL,
    "step_key" TEXT,
    "attempt" INTEGER,
    "occurred_at" TIMESTAMPTZ(3) NOT NULL,
    "recorded_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "actor" TEXT NOT NULL,
    "causation_id" UUID,
    "correlation_id" UUID,
    "schema_version" SMALLINT NOT NULL DEFAULT 1,
    "payload" JSONB NOT NULL DEFAULT '{}',

    CONSTRAINT "run_event_pkey" PRIMARY KEY ("run_id","seq")
) PARTITION BY RANGE ("run_id");

-- By hand: kept by run (uuid v7, so by start). Months get partitions of their own (gateway/workers/partitions.ts);
-- what fits none of them lands here.
CREATE TABLE "run_event_rest" PARTITION OF "run_event" DEFAULT;

-- CreateTable
CREATE TABLE "workspace" (
    "id" UUID NOT NULL,
    "slug" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "workspace_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "idempotency_key" (
    "workspace_id" UUID NOT NULL,
    "viewer_id" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "request_hash" TEXT NOT NULL,
    "result_id" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "idempotency_key_pkey" PRIMARY KEY ("workspace_id","viewer_id","key")
);

-- CreateTable
CREATE TABLE "workflow" (
    "id" UUID NOT NULL,
    "workspace_id" UUID NOT NULL,
    "identity" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "description" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "version" BIGINT NOT NULL DEFAULT 1,

    CONSTRAINT "workflow_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "workflow_version" (
    "id" UUID NOT NULL,
    "workflow_id" UUID NOT NULL,
    "number" INTEGER NOT NULL,
    "hash" TEXT NOT NULL,
    "step_count" INTEGER NOT NULL,
    "edge_count" INTEGER NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "workflow_version_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "step" (
    "workflow_version_id" UUID NOT NULL,
    "key" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "position" INTEGER NOT NULL,
    "settings" JSONB NOT NULL DEFAULT '{}',

    CONSTRAINT "step_pkey" PRIMARY KEY ("workflow_version_id","key")
);

-- CreateTable
CREATE TABLE "edge" (
    "workflow_version_id" UUID NOT NULL,
    "from_key" TEXT NOT NULL,
    "to_key" TEXT NOT NULL,

    CONSTRAINT "edge_pkey" PRIMARY KEY ("workflow_version_id","from_key","to_key")
);

-- CreateIndex
CREATE INDEX "artifact_run_id_step_key_idx" ON "artifact"("run_id", "step_key");

-- CreateIndex
CREATE INDEX "artifact_workspace_id_created_at_id_idx" ON "artifact"("workspace_id", "created_at", "id");

-- CreateIndex
CREATE INDEX "artifact_workspace_id_kind_created_at_id_idx" ON "artifact"("workspace_id", "kind", "created_at", "id");

-- CreateIndex
CREATE INDEX "artifact_workspace_id_kind_quality_id_idx" ON "artifact"("workspace_id", "kind", "quality" NULLS FIRST, "id");

-- CreateIndex
CREATE INDEX "artifact_workspace_id_quality_id_idx" ON "artifact"("workspace_id", "quality" NULLS FIRST, "id");

-- CreateIndex
CREATE INDEX "artifact_workspace_id_size_bytes_id_idx" ON "artifact"("workspace_id", "size_bytes", "id");

-- CreateIndex
CREATE INDEX "artifact_workspace_id_name_id_idx" ON "artifact"("workspace_id", "name", "id");

-- CreateIndex
CREATE INDEX "artifact_search_idx" ON "artifact" USING GIN ("search");

-- CreateIndex
CREATE INDEX "artifact_name_idx" ON "artifact" USING GIN ("name" gin_trgm_ops);

-- CreateIndex
CREATE INDEX "artifact_metadata_idx" ON "artifact" USING GIN ("metadata" jsonb_path_ops);

-- CreateIndex
CREATE UNIQUE INDEX "artifact_run_id_name_key" ON "artifact"("run_id", "name");

-- CreateIndex
CREATE INDEX "artifact_use_artifact_id_run_id_step_key_idx" ON "artifact_use"("artifact_id", "run_id", "step_key");

-- CreateIndex
CREATE INDEX "artifact_derivation_downstream_id_idx" ON "artifact_derivation"("downstream_id");

-- CreateIndex
CREATE INDEX "artifact_check_artifact_id_name_position_idx" ON "artifact_check"("artifact_id", "name", "position");

-- CreateIndex
CREATE INDEX "artifact_check_name_outcome_artifact_id_idx" ON "artifact_check"("name", "outcome", "artifact_id");

-- CreateIndex
CREATE INDEX "run_workspace_id_created_at_id_idx" ON "run"("workspace_id", "created_at", "id");

-- CreateIndex
CREATE INDEX "run_workspace_id_status_created_at_id_idx" ON "run"("workspace_id", "status", "created_at", "id");

-- CreateIndex
CREATE INDEX "run_workflow_id_created_at_id_idx" ON "run"("workflow_id", "created_at", "id");

-- CreateIndex
CREATE INDEX "run_workflow_version_id_idx" ON "run"("workflow_version_id");

-- CreateIndex
CREATE INDEX "run_retry_of_idx" ON "run"("retry_of");

-- CreateIndex
CREATE INDEX "run_tags_idx" ON "run" USING GIN ("tags");

-- CreateIndex
CREATE INDEX "run_metadata_idx" ON "run" USING GIN ("metadata" jsonb_path_ops);

-- CreateIndex
CREATE UNIQUE INDEX "run_workspace_id_source_hash_key" ON "run"("workspace_id", "source_hash");

-- CreateIndex
CREATE INDEX "run_quality_workflow_id_total_judged_idx" ON "run_quality"("workflow_id", "total", "judged");

-- CreateIndex
CREATE UNIQUE INDEX "step_run_run_id_position_key" ON "step_run"("run_id", "position");

-- CreateIndex
CREATE UNIQUE INDEX "run_event_run_id_event_id_key" ON "run_event"("run_id", "event_id");

-- CreateIndex
CREATE UNIQUE INDEX "workspace_slug_key" ON "workspace"("slug");

-- CreateIndex
CREATE INDEX "idempotency_key_created_at_idx" ON "idempotency_key"("created_at");

-- CreateIndex
CREATE INDEX "workflow_workspace_id_created_at_id_idx" ON "workflow"("workspace_id", "created_at", "id");

-- CreateIndex
CREATE INDEX "workflow_workspace_id_kind_created_at_id_idx" ON "workflow"("workspace_id", "kind", "created_at", "id");

-- CreateIndex
CREATE INDEX "workflow_workspace_id_name_id_idx" ON "workflow"("workspace_id", "name", "id");

-- CreateIndex
CREATE INDEX "workflow_name_idx" ON "workflow" USING GIN ("name" gin_trgm_ops);

-- CreateIndex
CREATE UNIQUE INDEX "workflow_workspace_id_identity_key" ON "workflow"("workspace_id", "identity");

-- CreateIndex
CREATE UNIQUE INDEX "workflow_version_workflow_id_hash_key" ON "workflow_version"("workflow_id", "hash");

-- CreateIndex
CREATE UNIQUE INDEX "workflow_version_workflow_id_number_key" ON "workflow_version"("workflow_id", "number");

-- CreateIndex
CREATE UNIQUE INDEX "step_workflow_version_id_position_key" ON "step"("workflow_version_id", "position");

-- CreateIndex
CREATE INDEX "edge_workflow_version_id_to_key_idx" ON "edge"("workflow_version_id", "to_key");

-- AddForeignKey
ALTER TABLE "artifact" ADD CONSTRAINT "artifact_workspace_id_fkey" FOREIGN KEY ("workspace_id") REFERENCES "workspace"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "artifact" ADD CONSTRAINT "artifact_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "run"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "artifact_use" ADD CONSTRAINT "artifact_use_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "run"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "artifact_use" ADD CONSTRAINT "artifact_use_artifact_id_fkey" FOREIGN KEY ("artifact_id") REFERENCES "artifact"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "artifact_derivation" ADD CONSTRAINT "artifact_derivation_upstream_id_fkey" FOREIGN KEY ("upstream_id") REFERENCES "artifact"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "artifact_derivation" ADD CONSTRAINT "artifact_derivation_downstream_id_fkey" FOREIGN KEY ("downstream_id") REFERENCES "artifact"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "artifact_check" ADD CONSTRAINT "artifact_check_artifact_id_fkey" FOREIGN KEY ("artifact_id") REFERENCES "artifact"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "run" ADD CONSTRAINT "run_workspace_id_fkey" FOREIGN KEY ("workspace_id") REFERENCES "workspace"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "run" ADD CONSTRAINT "run_workflow_id_fkey" FOREIGN KEY ("workflow_id") REFERENCES "workflow"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "run" ADD CONSTRAINT "run_workflow_version_id_fkey" FOREIGN KEY ("workflow_version_id") REFERENCES "workflow_version"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "run" ADD CONSTRAINT "run_retry_of_fkey" FOREIGN KEY ("retry_of") REFERENCES "run"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "run_heartbeat" ADD CONSTRAINT "run_heartbeat_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "run"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "run_quality" ADD CONSTRAINT "run_quality_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "run"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "step_run" ADD CONSTRAINT "step_run_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "run"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "attempt" ADD CONSTRAINT "attempt_run_id_step_key_fkey" FOREIGN KEY ("run_id", "step_key") REFERENCES "step_run"("run_id", "step_key") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "run_event" ADD CONSTRAINT "run_event_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "run"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "idempotency_key" ADD CONSTRAINT "idempotency_key_workspace_id_fkey" FOREIGN KEY ("workspace_id") REFERENCES "workspace"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "workflow" ADD CONSTRAINT "workflow_workspace_id_fkey" FOREIGN KEY ("workspace_id") REFERENCES "workspace"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "workflow_version" ADD CONSTRAINT "workflow_version_workflow_id_fkey" FOREIGN KEY ("workflow_id") REFERENCES "workflow"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "step" ADD CONSTRAINT "step_workflow_version_id_fkey" FOREIGN KEY ("workflow_version_id") REFERENCES "workflow_version"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "edge" ADD CONSTRAINT "edge_workflow_version_id_fkey" FOREIGN KEY ("workflow_version_id") REFERENCES "workflow_version"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "edge" ADD CONSTRAINT "edge_workflow_version_id_from_key_fkey" FOREIGN KEY ("workflow_version_id", "from_key") REFERENCES "step"("workflow_version_id", "key") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "edge" ADD CONSTRAINT "edge_workflow_version_id_to_key_fkey" FOREIGN KEY ("workflow_version_id", "to_key") REFERENCES "step"("workflow_version_id", "key") ON DELETE CASCADE ON UPDATE CASCADE;

-- By hand from here on. -----------------------------------------------------------------------------

-- Runs are updated with each append: room on their pages keeps those updates off the indexes.
ALTER TABLE "run" SET (fillfactor = 80);
ALTER TABLE "step_run" SET (fillfactor = 80);

-- What the heartbeat watch looks through.
CREATE INDEX "run_live_idx" ON "run" ("id") WHERE "status" IN ('RUNNING', 'PAUSED', 'CANCELING');

-- Runs by duration, as resolvers/entity.ts writes it: between_ms.
CREATE INDEX "run_duration_idx" ON "run" ("workspace_id", ((extract(epoch FROM "finished_at" - "started_at") * 1000)::float8) NULLS FIRST, "id");

-- What retention looks through: runs that ended, oldest first.
CREATE INDEX "run_finished_idx" ON "run" ("finished_at") WHERE "finished_at" IS NOT NULL;

ALTER TABLE "run" ADD CONSTRAINT "run_version_check" CHECK ("version" >= 0);
ALTER TABLE "run_event" ADD CONSTRAINT "run_event_seq_check" CHECK ("seq" >= 1);
ALTER TABLE "artifact" ADD CONSTRAINT "artifact_size_check" CHECK ("size_bytes" BETWEEN 0 AND 9007199254740991);
ALTER TABLE "artifact" ADD CONSTRAINT "artifact_quality_check" CHECK ("quality" BETWEEN 0 AND 1);
ALTER TABLE "artifact" ADD CONSTRAINT "artifact_step_check" CHECK ("step_key" IS NULL OR "run_id" IS NOT NULL);
ALTER TABLE "artifact_check" ADD CONSTRAINT "artifact_check_score_check" CHECK ("score" BETWEEN 0 AND 1);

-- Qualities of artifacts, summed per run: rows_now come in, rows_before go out. In order of runs: statements that
-- judge artifacts of many runs at once would dead-lock.
CREATE FUNCTION "run_quality_of"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN -- The run may be gone already: nothing is put in.
    UPDATE run_quality q SET total = q.total - d.total, judged = q.judged - d.judged
    FROM (SELECT run_id, sum(quality::decimal(24,12)) AS total, count(quality) AS judged FROM rows_before
      WHERE quality IS NOT NULL AND run_id IS NOT NULL GROUP BY run_id) d WHERE q.run_id = d.run_id;
  ELSIF TG_OP = 'INSERT' THEN
    INSERT INTO run_quality AS q (run_id, workflow_id, total, judged)
    SELECT run.id, run.workflow_id, sum(a.quality::decimal(24,12)), count(*) FROM rows_now a JOIN run ON run.id = a.run_id
    WHERE a.quality IS NOT NULL GROUP BY run.id ORDER BY run.id
    ON CONFLICT (run_id) DO UPDATE SET total = q.total + excluded.total, judged = q.judged + excluded.judged;
  ELSE
    INSERT INTO run_quality AS q (run_id, workflow_id, total, judged)
    SELECT run.id, run.workflow_id, sum(coalesce(a.quality, 0)::decimal(24,12) - coalesce(b.quality, 0)::decimal(24,12)),
      count(a.quality) - count(b.quality)
    FROM rows_now a JOIN rows_before b ON b.id = a.id JOIN run ON run.id = a.run_id
    WHERE a.quality IS DISTINCT FROM b.quality GROUP BY run.id ORDER BY run.id
    ON CONFLICT (run_id) DO UPDATE SET total = q.total + excluded.total, judged = q.judged + excluded.judged;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER "quality_insert" AFTER INSERT ON "artifact"
  REFERENCING NEW TABLE AS rows_now FOR EACH STATEMENT EXECUTE FUNCTION "run_quality_of"();
CREATE TRIGGER "quality_update" AFTER UPDATE ON "artifact"
  REFERENCING OLD TABLE AS rows_before NEW TABLE AS rows_now FOR EACH STATEMENT EXECUTE FUNCTION "run_quality_of"();
CREATE TRIGGER "quality_delete" AFTER DELETE ON "artifact"
  REFERENCING OLD TABLE AS rows_before FOR EACH STATEMENT EXECUTE FUNCTION "run_quality_of"();

-- The change feed: what others follow. Ids and versions only; followers read the rows.
CREATE TABLE "change" (
    "xid" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "position" BIGINT GENERATED ALWAYS AS IDENTITY,
    "workspace_id" UUID NOT NULL,
    "kind" TEXT NOT NULL,                          -- workflow, run or artifact
    "id" UUID NOT NULL,
    "version" BIGINT NOT NULL,                     -- of a deleted row: its last version + 1
    "gone" BOOLEAN NOT NULL DEFAULT false,
    "from_seq" BIGINT,                             -- of a run: the events that this commit appended
    "to_seq" BIGINT,
    "recorded_at" TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(), -- when written; now() would be the begin
    PRIMARY KEY ("xid", "position")
);

-- One row: what the feed remembers across restarts.
CREATE TABLE "feed_state" (
    "id" SMALLINT PRIMARY KEY DEFAULT 1 CHECK ("id" = 1),
    "epoch" BIGINT NOT NULL CHECK ("epoch" >= 1), -- raised when transaction ids may start over
    "origin" TEXT NOT NULL,                        -- server, database and table that the positions belong to
    "timeline" TEXT NOT NULL,
    "removed_xid" xid8,                            -- highest that retention removed from change
    "changed_at" TIMESTAMPTZ(3) NOT NULL DEFAULT now()
);

-- One row per run that this statement appended to.
CREATE FUNCTION "feed_events"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO change (workspace_id, kind, id, version, from_seq, to_seq)
  SELECT run.workspace_id, 'run', run.id, touched.to_seq, touched.from_seq, touched.to_seq
  FROM (SELECT run_id, min(seq) AS from_seq, max(seq) AS to_seq FROM rows_now GROUP BY run_id) touched
  JOIN run ON run.id = touched.run_id;
  RETURN NULL;
END $$;
CREATE TRIGGER "feed_insert" AFTER INSERT ON "run_event"
  REFERENCING NEW TABLE AS rows_now FOR EACH STATEMENT EXECUTE FUNCTION "feed_events"();

-- Any other followed table gets six triggers: insert, update, delete (its kind as the argument), version, identity,
-- truncate.
CREATE FUNCTION "feed_rows"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO change (workspace_id, kind, id, version, gone)
  SELECT workspace_id, TG_ARGV[0], id, version + (TG_OP = 'DELETE')::int, TG_OP = 'DELETE' FROM rows_now;
  RETURN NULL;
END $$;

-- Never set by code: plain SQL would forget it.
CREATE FUNCTION "feed_version"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.version := OLD.version + 1;
  RETURN NEW;
END $$;

-- Followers would never hear that the old id, or the row in the old workspace, is gone.
CREATE FUNCTION "feed_identity"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is followed: id and workspace_id of a row never change', TG_TABLE_NAME;
END $$;

CREATE FUNCTION "feed_no_truncate"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is followed: DELETE its rows, TRUNCATE is not seen by followers', TG_TABLE_NAME;
END $$;

CREATE TRIGGER "feed_insert" AFTER INSERT ON "workflow"
  REFERENCING NEW TABLE AS rows_now FOR EACH STATEMENT EXECUTE FUNCTION "feed_rows"('workflow');
CREATE TRIGGER "feed_update" AFTER UPDATE ON "workflow"
  REFERENCING NEW TABLE AS rows_now FOR EACH STATEMENT EXECUTE FUNCTION "feed_rows"('workflow');
CREATE TRIGGER "feed_delete" AFTER DELETE ON "workflow"
  REFERENCING OLD TABLE AS rows_now FOR EACH STATEMENT EXECUTE FUNCTION "feed_rows"('workflow');
CREATE TRIGGER "feed_version" BEFORE UPDATE ON "workflow" FOR EACH ROW EXECUTE FUNCTION "feed_version"();
CREATE TRIGGER "feed_identity" BEFORE UPDATE OF "id", "workspace_id" ON "workflow" FOR EACH ROW
  WHEN ((OLD.id, OLD.workspace_id) IS DISTINCT FROM (NEW.id, NEW.workspace_id)) EXECUTE FUNCTION "feed_identity"();
CREATE TRIGGER "feed_no_truncate" BEFORE TRUNCATE ON "workflow" FOR EACH STATEMENT EXECUTE FUNCTION "feed_no_truncate"();

CREATE TRIGGER "feed_insert" AFTER INSERT ON "artifact"
  REFERENCING NEW TABLE AS rows_now FOR EACH STATEMENT EXECUTE FUNCTION "feed_rows"('artifact');
CREATE TRIGGER "feed_update" AFTER UPDATE ON "artifact"
  REFERENCING NEW TABLE AS rows_now FOR EACH STATEMENT EXECUTE FUNCTION "feed_rows"('artifact');
CREATE TRIGGER "feed_delete" AFTER DELETE ON "artifact"
  REFERENCING OLD TABLE AS rows_now FOR EACH STATEMENT EXECUTE FUNCTION "feed_rows"('artifact');
CREATE TRIGGER "feed_version" BEFORE UPDATE ON "artifact" FOR EACH ROW EXECUTE FUNCTION "feed_version"();
CREATE TRIGGER "feed_identity" BEFORE UPDATE OF "id", "workspace_id" ON "artifact" FOR EACH ROW
  WHEN ((OLD.id, OLD.workspace_id) IS DISTINCT FROM (NEW.id, NEW.workspace_id)) EXECUTE FUNCTION "feed_identity"();
CREATE TRIGGER "feed_no_truncate" BEFORE TRUNCATE ON "artifact" FOR EACH STATEMENT EXECUTE FUNCTION "feed_no_truncate"();

-- A run is followed by its events; only its end needs the row. Its version is its seq, so no trigger raises it.
CREATE TRIGGER "feed_delete" AFTER DELETE ON "run"
  REFERENCING OLD TABLE AS rows_now FOR EACH STATEMENT EXECUTE FUNCTION "feed_rows"('run');
CREATE TRIGGER "feed_identity" BEFORE UPDATE OF "id", "workspace_id" ON "run" FOR EACH ROW
  WHEN ((OLD.id, OLD.workspace_id) IS DISTINCT FROM (NEW.id, NEW.workspace_id)) EXECUTE FUNCTION "feed_identity"();
CREATE TRIGGER "feed_no_truncate" BEFORE TRUNCATE ON "run" FOR EACH STATEMENT EXECUTE FUNCTION "feed_no_truncate"();
CREATE TRIGGER "feed_no_truncate" BEFORE TRUNCATE ON "run_event" FOR EACH STATEMENT EXECUTE FUNCTION "feed_no_truncate"();

-- The one local workspace, until identity exists.
INSERT INTO "workspace" ("id", "slug", "name") VALUES ('00000000-0000-7000-8000-000000000001', 'local', 'Local workspace');
