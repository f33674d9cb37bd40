-- name: InsertIntoOwners0 :exec
INSERT INTO owners (id, name) VALUES (@id, @name);

-- name: InsertIntoOwners1 :exec
INSERT INTO owners (id, name, nick, late, first, second) VALUES (@id, @name, @nick, @late, @first, @second);

-- name: InsertIntoOwners2 :exec
INSERT INTO owners (id, name, nick, first) VALUES (1, 'a', NULL, 3);

-- name: InsertIntoOwnersDefault3 :exec
INSERT INTO owners DEFAULT VALUES;

-- name: InsertIntoOwnersOnConflict4 :exec
INSERT INTO owners (id, name) VALUES (@id, @name) ON CONFLICT DO NOTHING;

-- name: InsertIntoOwnersOnConflict5 :exec
INSERT INTO owners (id, name, late) VALUES (@id, @name, @late) ON CONFLICT DO NOTHING;

-- name: InsertIntoOwnersOnConflict6 :exec
INSERT INTO owners (id, name, late) VALUES (@id, @name, @late) ON CONFLICT (late) DO NOTHING;

-- name: InsertIntoOwnersOnConflict7 :exec
INSERT INTO owners (id, name) VALUES (@id, @name) ON CONFLICT (id) DO NOTHING;

-- name: InsertIntoOwnersOnConflict8 :exec
INSERT INTO owners (id, name) VALUES (@id, @name) ON CONFLICT (name) DO UPDATE SET id = excluded.id;

-- name: InsertIntoOwnersOnConflict9 :exec
INSERT INTO owners (id, name) VALUES (@id, @name) ON CONFLICT ON CONSTRAINT name_once DO NOTHING;

-- name: InsertIntoOwnersOnConflict10 :exec
INSERT INTO owners (id, name, first, second) VALUES (@id, @name, @first, @second) ON CONFLICT (first, second) DO UPDATE SET nick = 'n';

-- name: InsertIntoOwnersOnConflict11 :exec
INSERT INTO owners (id, name, first, second) VALUES (@id, @name, @first, @second) ON CONFLICT ON CONSTRAINT both_once DO UPDATE SET first = excluded.first WHERE owners.id > 1;

-- name: UpdateOwnersSetNameWhere12 :exec
UPDATE owners SET name = @name WHERE id = @id;

-- name: UpdateOwnersSetNameA13 :exec
UPDATE owners SET name = 'a' WHERE id = @id;

-- name: UpdateOwnersSetNameNull14 :exec
UPDATE owners SET name = NULL WHERE id = @id;

-- name: UpdateOwnersSetNameNick15 :exec
UPDATE owners SET name = nick WHERE id = @id;

-- name: UpdateOwnersSetNameNick16 :exec
UPDATE owners SET name = nick WHERE id = @id AND nick <> '';

-- name: UpdateOwnersSetNickWhere17 :exec
UPDATE owners SET nick = @nick WHERE id = @id;

-- name: UpdateOwnersSetNickNull18 :exec
UPDATE owners SET nick = NULL WHERE id = @id;

-- name: UpdateOwnersSetLateWhere19 :exec
UPDATE owners SET late = @late WHERE id = @id;

-- name: UpdateOwnersSetFirstWhere20 :exec
UPDATE owners SET first = @first WHERE id = @id;

-- name: UpdateOwnersSetSecondNull21 :exec
UPDATE owners SET second = NULL WHERE id = @id;

-- name: UpdateOwnersSetFirstSecond22 :exec
UPDATE owners SET first = 1, second = 2 WHERE id = @id;

-- name: UpdateOwnersSetFirstNull23 :exec
UPDATE owners SET first = NULL, second = NULL WHERE id = @id;

-- name: UpdateOwnersSetIdWhere24 :exec
UPDATE owners SET id = @new WHERE id = @id;

-- name: DeleteFromOwnersWhereId25 :exec
DELETE FROM owners WHERE id = @id;

-- name: DeleteFromOwners26 :exec
DELETE FROM owners;

-- name: InsertIntoRestricted27 :exec
INSERT INTO restricted VALUES (@id, @owner);

-- name: UpdateRestrictedSetOwnerId28 :exec
UPDATE restricted SET owner_id = @owner WHERE id = @id;

-- name: InsertIntoCascaded29 :exec
INSERT INTO cascaded VALUES (@id, @owner);

-- name: InsertIntoCascaded30 :exec
INSERT INTO cascaded (id) VALUES (@id);

-- name: InsertIntoCascaded31 :exec
INSERT INTO cascaded (id, owner_id) VALUES (@id, NULL);

-- name: UpdateCascadedSetOwnerId32 :exec
UPDATE cascaded SET owner_id = NULL WHERE id = @id;

-- name: DeleteFromCascadedWhereId33 :exec
DELETE FROM cascaded WHERE id = @id;

-- name: UpdateCascadedSetIdWhere34 :exec
UPDATE cascaded SET id = 3 WHERE id = @id;

-- name: InsertIntoNulled35 :exec
INSERT INTO nulled VALUES (@id, @owner);

-- name: InsertIntoDefaulted36 :exec
INSERT INTO defaulted (id) VALUES (@id);

-- name: InsertIntoByTwo37 :exec
INSERT INTO by_two VALUES (@id, @a, @b);

-- name: InsertIntoByTwo38 :exec
INSERT INTO by_two (id, b) VALUES (@id, @b);

-- name: UpdateByTwoSetA39 :exec
UPDATE by_two SET a = @a WHERE id = @id;

-- name: UpdateByTwoSetA40 :exec
UPDATE by_two SET a = NULL WHERE id = @id;

-- name: InsertIntoByFull41 :exec
INSERT INTO by_full VALUES (@id, @a, @b);

-- name: InsertIntoByFull42 :exec
INSERT INTO by_full (id, a) VALUES (@id, @a);

-- name: InsertIntoByFull43 :exec
INSERT INTO by_full (id) VALUES (@id);

-- name: UpdateByFullSetA44 :exec
UPDATE by_full SET a = NULL WHERE id = @id;

-- name: UpdateByFullSetA45 :exec
UPDATE by_full SET a = NULL, b = NULL WHERE id = @id;

-- name: UpdateByFullSetA46 :exec
UPDATE by_full SET a = 1 WHERE id = @id;

-- name: DeleteFromTreesWhereId47 :exec
DELETE FROM trees WHERE id = @id;

-- name: UpdateTreesSetParentId48 :exec
UPDATE trees SET parent_id = @parent WHERE id = @id;

-- name: InsertIntoEvents49 :exec
INSERT INTO events (id, kind, note, amount) VALUES (@id, @kind, @note, @amount);

-- name: InsertIntoEventsOnConflict50 :exec
INSERT INTO events (id, kind, note) VALUES (@id, @kind, @note) ON CONFLICT (id, kind) DO NOTHING;

-- name: InsertIntoEventsOnConflict51 :exec
INSERT INTO events (id, kind, note) VALUES (@id, @kind, @note) ON CONFLICT DO NOTHING;

-- name: InsertIntoEventsA52 :exec
INSERT INTO events_a (id, kind, note) VALUES (@id, @kind, @note);

-- name: InsertIntoEventsAOn53 :exec
INSERT INTO events_a (id, kind, note) VALUES (@id, @kind, @note) ON CONFLICT (note) DO NOTHING;

-- name: InsertIntoEventsB54 :exec
INSERT INTO events_b (id, kind, note) VALUES (@id, @kind, @note);

-- name: UpdateEventsSetKindWhere55 :exec
UPDATE events SET kind = @kind WHERE id = @id;

-- name: UpdateEventsSetNoteWhere56 :exec
UPDATE events SET note = @note WHERE id = @id;

-- name: UpdateEventsSetAmountWhere57 :exec
UPDATE events SET amount = @amount WHERE id = @id;

-- name: UpdateEventsSetIdWhere58 :exec
UPDATE events SET id = @new WHERE id = @id;

-- name: UpdateEventsASetNote59 :exec
UPDATE events_a SET note = @note WHERE id = @id;

-- name: UpdateEventsASetKind60 :exec
UPDATE events_a SET kind = @kind WHERE id = @id;

-- name: UpdateEventsBSetId61 :exec
UPDATE events_b SET id = @new WHERE id = @id;

-- name: UpdateEventsBSetAmount62 :exec
UPDATE events_b SET amount = @amount WHERE id = @id;

-- name: UpdateEventsBSetId63 :exec
UPDATE events_b_1 SET id = @new WHERE note = @note;

-- name: UpdateOnlyEventsBSet64 :exec
UPDATE ONLY events_b_1 SET amount = @amount WHERE note = @note;

-- name: DeleteFromEventsWhereId65 :exec
DELETE FROM events WHERE id = @id;

-- name: DeleteFromEventsAWhere66 :exec
DELETE FROM events_a WHERE id = @id;

-- name: InsertIntoWhole67 :exec
INSERT INTO whole VALUES (@id, @owner);

-- name: UpdateWholeSetIdWhere68 :exec
UPDATE whole SET id = @new WHERE id = @id;

-- name: InsertIntoHalves69 :exec
INSERT INTO halves VALUES (@id);

-- name: UpdateHalvesSetIdWhere70 :exec
UPDATE halves SET id = @new WHERE id = @id;

-- name: InsertIntoDefaults71 :exec
INSERT INTO defaults VALUES (@id, @note);

-- name: UpdateDefaultsSetIdWhere72 :exec
UPDATE defaults SET id = @new WHERE id = @id;

-- name: InsertIntoOfEvents73 :exec
INSERT INTO of_events VALUES (@id, @event, @kind);

-- name: InsertIntoBase74 :exec
INSERT INTO base VALUES (@id, @note);

-- name: UpdateBaseSetNoteWhere75 :exec
UPDATE base SET note = @note WHERE id = @id;

-- name: UpdateOnlyBaseSetNote76 :exec
UPDATE ONLY base SET note = @note WHERE id = @id;

-- name: UpdateBaseSetIdWhere77 :exec
UPDATE base SET id = @new WHERE id = @id;

-- name: DeleteFromBaseWhereId78 :exec
DELETE FROM base WHERE id = @id;

-- name: InsertIntoDerived79 :exec
INSERT INTO derived VALUES (@id, @note, @extra);

-- name: InsertIntoRooms80 :exec
INSERT INTO rooms VALUES (@id, @during, @note);

-- name: InsertIntoRooms81 :exec
INSERT INTO rooms (id, note) VALUES (@id, @note);

-- name: InsertIntoRoomsOnConflict82 :exec
INSERT INTO rooms VALUES (@id, @during, @note) ON CONFLICT DO NOTHING;

-- name: InsertIntoRoomsOnConflict83 :exec
INSERT INTO rooms VALUES (@id, @during, @note) ON CONFLICT ON CONSTRAINT apart DO NOTHING;

-- name: UpdateRoomsSetNote84 :exec
UPDATE rooms SET note = @note;

-- name: UpdateRoomsSetId85 :exec
UPDATE rooms SET id = @id;

-- name: UpdateRoomsSetDuringNull86 :exec
UPDATE rooms SET during = NULL;

-- name: InsertIntoStays87 :exec
INSERT INTO stays VALUES (@room, @during);

-- name: UpdateStaysSetDuringWhere88 :exec
UPDATE stays SET during = @during WHERE room = @room;

-- name: UpdateStaysSetRoomWhere89 :exec
UPDATE stays SET room = @new WHERE room = @room;

-- name: UpdateStaysSetFloorWhere90 :exec
UPDATE stays SET floor = @new WHERE room = @room;

-- name: UpdateStaysSetFloorNull91 :exec
UPDATE stays SET floor = NULL WHERE room = @room;

-- name: DeleteFromStaysWhereRoom92 :exec
DELETE FROM stays WHERE room = @room;

-- name: InsertIntoVisits93 :exec
INSERT INTO visits VALUES (@id, @room, @during);

-- name: InsertIntoWorded94 :exec
INSERT INTO worded (id, word, words, pair, shorter, must, note) VALUES (@id, @word, @words, @pair, @shorter, @must, @note);

-- name: InsertIntoWorded95 :exec
INSERT INTO worded (id, must) VALUES (@id, 1);

-- name: InsertIntoWorded96 :exec
INSERT INTO worded (id, word) VALUES (@id, NULL);

-- name: UpdateWordedSetNoteWhere97 :exec
UPDATE worded SET note = @note WHERE id = @id;

-- name: UpdateWordedSetIdWhere98 :exec
UPDATE worded SET id = @new WHERE id = @id;

-- name: UpdateWordedSetWordWhere99 :exec
UPDATE worded SET word = @word WHERE id = @id;

-- name: UpdateWordedSetMustNull100 :exec
UPDATE worded SET must = NULL WHERE id = @id;

-- name: SelectShorter101 :many
SELECT @text::shorter;

-- name: SelectIdFromWordedWhere102 :many
SELECT id FROM worded WHERE word = @word::short;

-- name: InsertIntoGuarded103 :exec
INSERT INTO guarded VALUES (@id, @tenant, @note);

-- name: UpdateGuardedSetNoteWhere104 :exec
UPDATE guarded SET note = @note WHERE id = @id;

-- name: UpdateGuardedSetTenantWhere105 :exec
UPDATE guarded SET tenant = @tenant WHERE id = @id;

-- name: DeleteFromGuardedWhereId106 :exec
DELETE FROM guarded WHERE id = @id;

-- name: SelectIdFromGuardedWhere107 :many
SELECT id FROM guarded WHERE id = @id;

-- name: InsertIntoReadable108 :exec
INSERT INTO readable VALUES (@id, @tenant, @note);

-- name: UpdateReadableSetTenantWhere109 :exec
UPDATE readable SET tenant = @tenant WHERE id = @id;

-- name: UpdateReadableSetNoteWhere110 :exec
UPDATE readable SET note = @note WHERE id = @id;

-- name: UpdateRewritableSetTenantWhere111 :exec
UPDATE rewritable SET tenant = @tenant WHERE id = @id;

-- name: UpdateRewritableSetNoteWhere112 :exec
UPDATE rewritable SET note = @note WHERE id = @id;

-- name: UpdateSameCheckSetTenant113 :exec
UPDATE same_check SET tenant = @tenant WHERE id = @id;

-- name: UpdateSameCheckSetNote114 :exec
UPDATE same_check SET note = @note WHERE id = @id;

-- name: InsertIntoSmall115 :exec
INSERT INTO small (id, name, first) VALUES (@id, @name, @first);

-- name: UpdateSmallSetFirstWhere116 :exec
UPDATE small SET first = @first WHERE id = @id;

-- name: UpdateSmallSetSecondWhere117 :exec
UPDATE small SET second = @second WHERE id = @id;

-- name: UpdateSmallSetNameWhere118 :exec
UPDATE small SET name = @name WHERE id = @id;

-- name: UpdateSmallerSetFirstWhere119 :exec
UPDATE smaller SET first = @first WHERE id = @id;

-- name: UpdateSmallerSetSecondWhere120 :exec
UPDATE smaller SET second = @second WHERE id = @id;

-- name: UpdateSmallerSetNickWhere121 :exec
UPDATE smaller SET nick = @nick WHERE id = @id;

-- name: InsertIntoSmallOnConflict122 :exec
INSERT INTO small (id, name, first) VALUES (@id, @name, @first) ON CONFLICT (id) DO UPDATE SET first = excluded.first;

-- name: InsertIntoSmallOnConflict123 :exec
INSERT INTO small (id, name, first) VALUES (@id, @name, @first) ON CONFLICT (id) DO UPDATE SET nick = 'n';

-- name: InsertIntoPlainView124 :exec
INSERT INTO plain_view (id, name, first) VALUES (@id, @name, @first);

-- name: UpdatePlainViewSetFirst125 :exec
UPDATE plain_view SET first = @first WHERE id = @id;

-- name: DeleteFromPlainViewWhere126 :exec
DELETE FROM plain_view WHERE id = @id;

-- name: InsertIntoWatched127 :exec
INSERT INTO watched VALUES (@id, @note);

-- name: UpdateWatchedSetNoteWhere128 :exec
UPDATE watched SET note = @note WHERE id = @id;

-- name: UpdateWatchedSetOtherWhere129 :exec
UPDATE watched SET other = @other WHERE id = @id;

-- name: DeleteFromWatchedWhereId130 :exec
DELETE FROM watched WHERE id = @id;

-- name: UpdateWatchedPartsSetId131 :exec
UPDATE watched_parts SET id = @new WHERE id = @id;

-- name: UpdateWatchedPartsSetNote132 :exec
UPDATE watched_parts SET note = @note WHERE id = @id;

-- name: DeleteFromRuledWhereId133 :exec
DELETE FROM ruled WHERE id = @id;

-- name: InsertIntoRuled134 :exec
INSERT INTO ruled VALUES (@id, @note);

-- name: InsertIntoClocked135 :exec
INSERT INTO clocked VALUES (@id, @at, @note);

-- name: UpdateClockedSetNoteWhere136 :exec
UPDATE clocked SET note = @note WHERE id = @id;

-- name: UpdateClockedSetIdWhere137 :exec
UPDATE clocked SET id = @new WHERE id = @id;

-- name: MergeIntoOwnersOUsing138 :exec
MERGE INTO owners o USING cascaded c ON o.id = c.id WHEN MATCHED THEN UPDATE SET first = c.owner_id WHEN NOT MATCHED THEN INSERT (id, name) VALUES (c.id, 'x');

-- name: MergeIntoOwnersOUsing139 :exec
MERGE INTO owners o USING cascaded c ON o.id = c.id WHEN MATCHED AND o.first = 1 THEN DELETE WHEN MATCHED THEN DO NOTHING;

-- name: MergeIntoSmallSUsing140 :exec
MERGE INTO small s USING cascaded c ON s.id = c.id WHEN MATCHED THEN UPDATE SET first = c.owner_id;

-- name: WithGoneAsInsertInto141 :exec
WITH gone AS (DELETE FROM cascaded WHERE id = @id RETURNING owner_id) INSERT INTO restricted SELECT 1, owner_id FROM gone;

-- name: WithOneAsUpdateOwners142 :exec
WITH one AS (SELECT 1) UPDATE owners SET name = 'x' FROM one WHERE id = @id;

-- name: TruncateWatched143 :exec
TRUNCATE watched;

-- name: TruncateEvents144 :exec
TRUNCATE events;

-- name: TruncateOwnersCascade145 :exec
TRUNCATE owners CASCADE;

-- name: TruncateBase146 :exec
TRUNCATE base;

-- name: TruncateOnlyBase147 :exec
TRUNCATE ONLY base;

-- name: TruncateEventsACascade148 :exec
TRUNCATE events_a CASCADE;

-- name: RefreshMaterializedViewKept149 :exec
REFRESH MATERIALIZED VIEW kept;

-- name: ExplainUpdateOwnersSetName150 :many
EXPLAIN UPDATE owners SET name = 'x' WHERE id = 1;

-- name: ExplainAnalyzeUpdateOwnersSet151 :many
EXPLAIN ANALYZE UPDATE owners SET name = 'x' WHERE id = 1;

-- name: SelectIdFromOwnersWhere152 :many
SELECT id FROM owners WHERE id = @id FOR UPDATE;

-- name: SelectOIdFromOwners153 :many
SELECT o.id FROM owners o, cascaded c;

-- name: SelectIdFromKept154 :many
SELECT id FROM kept;

-- name: SelectIdCheckedFromOwners155 :many
SELECT id, checked(id) FROM owners;

-- name: SelectCountFromEventsA156 :many
SELECT count(*) FROM events_a;

-- name: SelectSetConfig157 :many
SELECT set_config('a.b', @value, false);

-- name: InsertIntoLogSelectName158 :many
INSERT INTO log (note) SELECT name FROM owners RETURNING id;

-- name: InsertIntoCascadedSelectId159 :many
INSERT INTO cascaded SELECT id, first FROM owners RETURNING *;

-- name: LockTableOwners160 :exec
LOCK TABLE owners;

-- name: ShowSearchPath161 :many
SHOW search_path;

-- name: InsertIntoDistant162 :exec
INSERT INTO distant VALUES (@id, @note);

-- name: SelectNoteFromDistantWhere163 :many
SELECT note FROM distant WHERE id = @id;

-- name: DeleteFromPgCatalogPg164 :exec
DELETE FROM pg_catalog.pg_description WHERE objoid = @oid;
