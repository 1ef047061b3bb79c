-- Unique values that the rows of both regions would share.
UPDATE public.teams SET name = 'de ' || name;
UPDATE ONLY public.build_events SET build_id_old = build_id_old + 100000;
