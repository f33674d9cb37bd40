---- tern: disable-tx ----
create table sightings (bird int not null references birds, at timestamptz not null, place point);
create index concurrently sightings_at on sightings (at);
---- create above / drop below ----
drop table sightings;
