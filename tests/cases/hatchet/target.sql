-- Unique values that the rows of both regions would share.
UPDATE public."WebhookWorker" SET url = url || '?region=de';
