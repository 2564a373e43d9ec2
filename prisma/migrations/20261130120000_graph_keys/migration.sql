-- Nodes by key, whatever their kind: what edges of a table lead to.
CREATE INDEX "graph_node_workspace_id_key_idx" ON "graph_node"("workspace_id", "key");
