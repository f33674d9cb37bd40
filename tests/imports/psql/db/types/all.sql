\ir ./fuel.sql
\ir ../types/shape.sql
