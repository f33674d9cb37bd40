SELECT set_config('search_path', '', false);
CREATE TABLE public.f ();
