-- plan region-ids b5605eb893deb7e207eb74e01e3b5744 for us, step 1 of 2: down
-- step 1 cannot be taken back: sequence org_id_seq: on from 206158430209 or above, within 206158430208 to 274877906943

\set ON_ERROR_STOP on
\encoding UTF8

DO $orglift$
BEGIN
    RAISE EXCEPTION USING MESSAGE = 'step 1 cannot be taken back: sequence org_id_seq: on from 206158430209 or above, within 206158430208 to 274877906943', HINT = 'the plan stays as it is';
END
$orglift$;
