-- The schema that the migrations give. Written by Lineshaft at each migration in development; do not edit.

create schema "bench";
