-- The split, done and cleaned up: the foreign key to a control table is gone, and the control tables have left the regions.
ALTER TABLE public."TenantMember" DROP CONSTRAINT "TenantMember_userId_fkey";
DROP TABLE public."UserOAuth", public."UserPassword", public."UserSession", public."User";
