CREATE TYPE "accountState" AS ENUM ('waitingForMail', 'active', 'lockedOut');
CREATE TYPE "postalAddress" AS ("streetLine" text, "zipCode" text);
CREATE TABLE "userAccounts" (
    "accountId" bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    "displayName" text NOT NULL,
    "externalID" text,
    "accountState" "accountState" NOT NULL DEFAULT 'waitingForMail',
    "homeAddress" "postalAddress",
    "rowVersion" integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE "loginEvents" (
    "eventId" bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    "accountId" bigint NOT NULL REFERENCES "userAccounts",
    "IPAddress" text NOT NULL
);
