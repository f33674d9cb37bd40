-- +migrate Up
ALTER TABLE tasks ADD COLUMN title text;
