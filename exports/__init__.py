"""One organization and nothing else, as an archive whose ids are valid anywhere."""
