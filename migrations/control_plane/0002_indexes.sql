-- Lists are sorted by time with the id as tie-breaker, so those two columns follow the one that is filtered by.
CREATE INDEX organizations_created_at_idx ON organizations (created_at DESC, id DESC);

CREATE INDEX applications_org_id_idx ON applications (org_id, created_at DESC, id DESC);

CREATE INDEX users_org_id_idx ON users (org_id, created_at DESC, id DESC);
CREATE INDEX users_role_idx ON users (org_id, role);

CREATE INDEX policies_org_id_idx ON policies (org_id, created_at DESC, id DESC);
CREATE INDEX policies_app_id_idx ON policies (org_id, app_id) WHERE app_id IS NOT NULL;
CREATE INDEX policies_user_id_idx ON policies (org_id, user_id) WHERE user_id IS NOT NULL;
CREATE INDEX policies_enabled_idx ON policies (org_id, app_id, user_id) WHERE enabled;
CREATE INDEX policies_priority_idx ON policies (org_id, priority DESC, created_at DESC, id DESC);

CREATE INDEX audit_logs_org_id_idx ON audit_logs (org_id, timestamp DESC, id DESC);
CREATE INDEX audit_logs_app_id_idx ON audit_logs (org_id, app_id, timestamp DESC, id DESC);
CREATE INDEX audit_logs_user_id_idx ON audit_logs (org_id, user_id, timestamp DESC, id DESC);
CREATE INDEX audit_logs_action_idx ON audit_logs (org_id, action, timestamp DESC, id DESC);
CREATE INDEX audit_logs_request_id_idx ON audit_logs (request_id, timestamp);
CREATE INDEX audit_logs_timestamp_idx ON audit_logs USING brin (timestamp);

CREATE INDEX inference_requests_org_id_idx ON inference_requests (org_id, created_at DESC, id DESC);
CREATE INDEX inference_requests_app_id_idx ON inference_requests (org_id, app_id, created_at DESC, id DESC);
CREATE INDEX inference_requests_user_id_idx ON inference_requests (org_id, user_id, created_at DESC, id DESC);
CREATE INDEX inference_requests_status_idx ON inference_requests (org_id, status, created_at DESC, id DESC);
CREATE INDEX inference_requests_created_at_idx ON inference_requests USING brin (created_at);
