-- +migrate Up
CREATE TABLE more ();
