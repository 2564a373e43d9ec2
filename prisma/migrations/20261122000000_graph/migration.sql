-- CreateTable
CREATE TABLE "graph_node" (
    "id" UUID NOT NULL,
    "workspace_id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "properties" JSONB NOT NULL DEFAULT '{}',
    "version" BIGINT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "graph_node_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "graph_relation" (
    "id" UUID NOT NULL,
    "workspace_id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "from_id" UUID NOT NULL,
    "to_id" UUID NOT NULL,
    "properties" JSONB NOT NULL DEFAULT '{}',
    "version" BIGINT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "graph_relation_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "graph_node_workspace_id_kind_key_key" ON "graph_node"("workspace_id", "kind", "key");

-- CreateIndex
CREATE INDEX "graph_relation_from_id_id_idx" ON "graph_relation"("from_id", "id");

-- CreateIndex
CREATE INDEX "graph_relation_to_id_id_idx" ON "graph_relation"("to_id", "id");

-- CreateIndex
CREATE INDEX "graph_relation_workspace_id_kind_idx" ON "graph_relation"("workspace_id", "kind");

-- AddForeignKey
ALTER TABLE "graph_node" ADD CONSTRAINT "graph_node_workspace_id_fkey" FOREIGN KEY ("workspace_id") REFERENCES "workspace"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "graph_relation" ADD CONSTRAINT "graph_relation_workspace_id_fkey" FOREIGN KEY ("workspace_id") REFERENCES "workspace"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "graph_relation" ADD CONSTRAINT "graph_relation_from_id_fkey" FOREIGN KEY ("from_id") REFERENCES "graph_node"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "graph_relation" ADD CONSTRAINT "graph_relation_to_id_fkey" FOREIGN KEY ("to_id") REFERENCES "graph_node"("id") ON DELETE CASCADE ON UPDATE CASCADE;


-- By hand from here on. -----------------------------------------------------------------------------

ALTER TABLE "graph_node" ADD CONSTRAINT "graph_node_version_check" CHECK ("version" BETWEEN 0 AND 9007199254740991);
ALTER TABLE "graph_relation" ADD CONSTRAINT "graph_relation_version_check" CHECK ("version" BETWEEN 0 AND 9007199254740991);

-- Nodes one relation on from any of these, each once. Kinds: null for all; "spared" may be of any kind. Written so that
-- it is inlined, and relations are found by their end. IS TRUE and OFFSET 0, here and below: or the planner, which knows
-- nothing of new tables, reads all relations of the workspace, or all there are, for each step.
CREATE FUNCTION "graph_next"(workspace uuid, nodes uuid[], goes_out boolean, goes_in boolean, relation_kinds text[],
  node_kinds text[], spared uuid) RETURNS SETOF uuid LANGUAGE sql STABLE AS $$
  SELECT met.id FROM (
    SELECT r.to_id AS id FROM unnest(nodes) AS place(id) CROSS JOIN LATERAL (SELECT * FROM graph_relation r
      WHERE goes_out AND r.from_id = place.id AND (r.workspace_id = workspace) IS TRUE
        AND (relation_kinds IS NULL OR r.kind = ANY(relation_kinds)) OFFSET 0) r
    UNION
    SELECT r.from_id FROM unnest(nodes) AS place(id) CROSS JOIN LATERAL (SELECT * FROM graph_relation r
      WHERE goes_in AND r.to_id = place.id AND (r.workspace_id = workspace) IS TRUE
        AND (relation_kinds IS NULL OR r.kind = ANY(relation_kinds)) OFFSET 0) r
  ) met
  WHERE node_kinds IS NULL OR met.id = spared
    OR (SELECT n.kind FROM graph_node n WHERE n.id = met.id) = ANY(node_kinds)
$$;

-- Whether a path may lead from one to the other: both are in the workspace, the last is of the walked kinds.
CREATE FUNCTION "graph_ends"(workspace uuid, source uuid, target uuid, node_kinds text[]) RETURNS boolean
LANGUAGE sql STABLE AS $$
  SELECT source <> target
    AND EXISTS (SELECT FROM graph_node n WHERE n.id = source AND n.workspace_id = workspace)
    AND EXISTS (SELECT FROM graph_node n WHERE n.id = target AND n.workspace_id = workspace
      AND (node_kinds IS NULL OR n.kind = ANY(node_kinds)))
$$;

-- How many relations a step from these nodes reads, as far as it matters: which of two sides is the smaller.
CREATE FUNCTION "graph_breadth"(nodes uuid[], goes_out boolean, goes_in boolean) RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT (SELECT count(*) FROM (SELECT FROM unnest(nodes) AS place(id)
      CROSS JOIN LATERAL (SELECT FROM graph_relation r WHERE r.from_id = place.id OFFSET 0) r WHERE goes_out LIMIT 1000) read)
    + (SELECT count(*) FROM (SELECT FROM unnest(nodes) AS place(id)
      CROSS JOIN LATERAL (SELECT FROM graph_relation r WHERE r.to_id = place.id OFFSET 0) r WHERE goes_in LIMIT 1000) read)
$$;

-- A path of fewest relations, nulls where there is none within the depth. Breadth first from both ends, the smaller side
-- next; what was met is an object, id to distance, so each node is expanded once.
CREATE FUNCTION "graph_shortest_path"(workspace uuid, source uuid, target uuid, goes_out boolean, goes_in boolean,
  relation_kinds text[], node_kinds text[], depth_max int, OUT node_ids uuid[], OUT relation_ids uuid[])
LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  near jsonb; -- from the source
  far jsonb; -- from the target, backwards
  near_edge uuid[] := ARRAY[source];
  far_edge uuid[] := ARRAY[target];
  near_depth int := 0;
  far_depth int := 0;
  middle uuid;
  step record;
BEGIN
  IF graph_ends(workspace, source, target, node_kinds) IS NOT TRUE THEN RETURN; END IF;
  near := jsonb_build_object(source, 0);
  far := jsonb_build_object(target, 0);
  WHILE middle IS NULL LOOP
    IF near_depth + far_depth >= depth_max THEN RETURN; END IF;
    IF graph_breadth(near_edge, goes_out, goes_in) <= graph_breadth(far_edge, goes_in, goes_out) THEN
      near_edge := ARRAY(SELECT id FROM graph_next(workspace, near_edge, goes_out, goes_in, relation_kinds, node_kinds, NULL) AS id
        WHERE NOT near ? id::text);
      near_depth := near_depth + 1;
      IF near_edge = '{}' THEN RETURN; END IF;
      middle := (SELECT id FROM unnest(near_edge) AS id WHERE far ? id::text LIMIT 1);
      IF middle IS NULL THEN near := near || (SELECT jsonb_object_agg(id, near_depth) FROM unnest(near_edge) AS id); END IF;
    ELSE
      far_edge := ARRAY(SELECT id FROM graph_next(workspace, far_edge, goes_in, goes_out, relation_kinds, node_kinds, source) AS id
        WHERE NOT far ? id::text);
      far_depth := far_depth + 1;
      IF far_edge = '{}' THEN RETURN; END IF;
      middle := (SELECT id FROM unnest(far_edge) AS id WHERE near ? id::text LIMIT 1);
      IF middle IS NULL THEN far := far || (SELECT jsonb_object_agg(id, far_depth) FROM unnest(far_edge) AS id); END IF;
    END IF;
  END LOOP;
  -- The sides had not met before: the middle is as far from both ends as they reach.
  node_ids := ARRAY[middle];
  relation_ids := '{}';
  FOR away IN REVERSE near_depth - 1 .. 0 LOOP
    SELECT r.id, r.other INTO STRICT step FROM graph_towards(workspace, node_ids[1], goes_in, goes_out, relation_kinds) AS r
    WHERE (near -> r.other::text)::int = away LIMIT 1;
    node_ids := step.other || node_ids;
    relation_ids := step.id || relation_ids;
  END LOOP;
  FOR away IN REVERSE far_depth - 1 .. 0 LOOP
    SELECT r.id, r.other INTO STRICT step
    FROM graph_towards(workspace, node_ids[cardinality(node_ids)], goes_out, goes_in, relation_kinds) AS r
    WHERE (far -> r.other::text)::int = away LIMIT 1;
    node_ids := node_ids || step.other;
    relation_ids := relation_ids || step.id;
  END LOOP;
END $$;

-- Relations that are walked from one node, and where they lead.
CREATE FUNCTION "graph_towards"(workspace uuid, node uuid, goes_out boolean, goes_in boolean, relation_kinds text[])
RETURNS TABLE (id uuid, other uuid) LANGUAGE sql STABLE AS $$
  SELECT r.id, r.to_id FROM graph_relation r
  WHERE goes_out AND r.from_id = node AND (r.workspace_id = workspace) IS TRUE AND (relation_kinds IS NULL OR r.kind = ANY(relation_kinds))
  UNION ALL
  SELECT r.id, r.from_id FROM graph_relation r
  WHERE goes_in AND r.to_id = node AND (r.workspace_id = workspace) IS TRUE AND (relation_kinds IS NULL OR r.kind = ANY(relation_kinds))
$$;

-- (force_generic_plan in both: planning each step anew takes longer than the step.)
-- Paths that meet no node twice, shorter ones first, then by the ids of their relations: for each length depth first,
-- one relation at a time, so that the first paths cost no more than themselves. A step is taken only where the target is
-- near enough; how near is learned backwards from the target, one relation farther for each length.
CREATE FUNCTION "graph_all_paths"(workspace uuid, source uuid, target uuid, goes_out boolean, goes_in boolean,
  relation_kinds text[], node_kinds text[], depth_max int, paths_max int)
RETURNS TABLE (node_ids uuid[], relation_ids uuid[]) LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  far jsonb; -- from the target, backwards
  far_edge uuid[] := ARRAY[target];
  found_count int := 0;
  place uuid; -- the end of what was walked
  passed uuid; -- relations up to this one were tried here
  is_fresh boolean; -- it itself was not
  rest int; -- relations after the next one
  step record;
BEGIN
  IF graph_ends(workspace, source, target, node_kinds) IS NOT TRUE THEN RETURN; END IF;
  far := jsonb_build_object(target, 0);
  FOR length IN 1 .. depth_max LOOP
    node_ids := ARRAY[source];
    relation_ids := '{}';
    passed := '00000000-0000-0000-0000-000000000000';
    is_fresh := true;
    LOOP
      place := node_ids[cardinality(node_ids)];
      rest := length - cardinality(node_ids);
      SELECT r.id, r.other INTO step FROM (
        (SELECT r.id, r.to_id AS other FROM graph_relation r
          WHERE goes_out AND r.from_id = place AND r.id >= passed AND (is_fresh OR r.id > passed)
            AND (r.workspace_id = workspace) IS TRUE AND (relation_kinds IS NULL OR r.kind = ANY(relation_kinds))
            AND (far -> r.to_id::text)::int <= rest AND (r.to_id = target) = (rest = 0) AND r.to_id <> ALL(node_ids)
          ORDER BY r.id LIMIT 1)
        UNION ALL
        (SELECT r.id, r.from_id FROM graph_relation r
          WHERE goes_in AND r.to_id = place AND r.id >= passed AND (is_fresh OR r.id > passed)
            AND (r.workspace_id = workspace) IS TRUE AND (relation_kinds IS NULL OR r.kind = ANY(relation_kinds))
            AND (far -> r.from_id::text)::int <= rest AND (r.from_id = target) = (rest = 0) AND r.from_id <> ALL(node_ids)
          ORDER BY r.id LIMIT 1)
      ) r ORDER BY r.id LIMIT 1;
      IF FOUND AND rest > 0 THEN -- on
        node_ids := node_ids || step.other;
        relation_ids := relation_ids || step.id;
        passed := '00000000-0000-0000-0000-000000000000';
        is_fresh := true;
      ELSIF FOUND THEN -- there
        passed := step.id;
        is_fresh := false;
        node_ids := node_ids || step.other;
        relation_ids := relation_ids || step.id;
        RETURN NEXT;
        found_count := found_count + 1;
        IF found_count >= paths_max THEN RETURN; END IF;
        node_ids := trim_array(node_ids, 1);
        relation_ids := trim_array(relation_ids, 1);
      ELSE -- back
        EXIT WHEN relation_ids = '{}';
        passed := relation_ids[cardinality(relation_ids)];
        is_fresh := false;
        node_ids := trim_array(node_ids, 1);
        relation_ids := trim_array(relation_ids, 1);
      END IF;
    END LOOP;
    IF far_edge <> '{}' THEN
      far_edge := ARRAY(SELECT id FROM graph_next(workspace, far_edge, goes_in, goes_out, relation_kinds, node_kinds, source) AS id
        WHERE NOT far ? id::text);
      far := far || coalesce((SELECT jsonb_object_agg(id, length) FROM unnest(far_edge) AS id), '{}');
    END IF;
    IF far_edge = '{}' AND NOT far ? source::text THEN RETURN; END IF; -- nothing leads there
  END LOOP;
END $$;
