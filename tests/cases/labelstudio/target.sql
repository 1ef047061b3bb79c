-- Unique values that the rows of both regions would share.
UPDATE public.htx_user SET email = 'de.' || email;
UPDATE public.projects_projectonboardingsteps SET code = NULL, title = 'de ' || title || ' ' || id;
