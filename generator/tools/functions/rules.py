"""Which built-in functions are never NULL for arguments that are not, and why.

Two things must agree: a reason given here, and calls with many arguments that never
gave NULL. Operators and casts need no entry: PostgreSQL's documentation describes
each as a total function over its types or names the error, and the exceptions are
found by calling them, or stand in `MAY_BE_NULL`.
"""

from __future__ import annotations

# NULL although no argument is; each is documented, whether or not a sample shows it.
MAY_BE_NULL: dict[str, str] = {
    "no such key, element, or path": (
        "json_object_field json_object_field_text json_array_element"
        " json_array_element_text json_extract_path json_extract_path_text"
        " jsonb_object_field jsonb_object_field_text jsonb_array_element"
        " jsonb_array_element_text jsonb_extract_path jsonb_extract_path_text"
        " jsonb_path_query_first jsonb_path_query_first_tz"
    ),
    "the path's result is no truth value, or an error is silenced": (
        "jsonb_path_exists jsonb_path_exists_tz jsonb_path_match jsonb_path_match_tz"
        " jsonb_path_exists_opr jsonb_path_match_opr"
    ),
    "the JSON value null becomes NULL (18)": (
        "bool(jsonb) int2(jsonb) int4(jsonb) int8(jsonb) numeric(jsonb)"
        " float4(jsonb) float8(jsonb)"
    ),
    "no match": (
        "regexp_match regexp_substr substring(text,text) substring(text,text,text)"
    ),
    "an empty or one-dimensional array lacks it": (
        "array_dims array_length array_lower array_upper array_ndims"
    ),
    "empty or unbounded": "lower(anyrange) upper(anyrange) lower(anymultirange)"
    " upper(anymultirange)",
    "infinite": (
        "date_part(text,timestamp) date_part(text,timestamptz) date_part(text,date)"
        " date_part(text,interval) extract(text,timestamp) extract(text,timestamptz)"
        " extract(text,date) extract(text,interval) time(timestamp) time(timestamptz)"
        " timetz(timestamptz) to_char(timestamp,text) to_char(timestamptz,text)"
        " to_char(interval,text)"
    ),
    "an empty format": "to_number",
    "not a number, or infinite": "scale min_scale",
    "shapes that do not meet, or an open path": (
        "box_intersect line_interpt lseg_interpt close_pb close_pl close_ps close_sb"
        " close_ls close_lseg area(path) path_add"
    ),
    "the word is not known to the dictionary": "ts_lexize",
    "no timestamp in that version": "uuid_extract_timestamp uuid_extract_version",
    "no such object": (
        "current_schema current_setting(text,bool) obj_description col_description"
        " shobj_description to_regclass to_regtype to_regproc to_regprocedure"
        " to_regoper to_regoperator to_regnamespace to_regrole to_regcollation"
        " to_regtypemod"
    ),
}

# Never NULL for arguments that are not: total functions, or errors.
NEVER_NULL: dict[str, str] = {
    "arithmetic": (
        "abs acos acosd acosh asin asind asinh atan atan2 atan2d atand atanh cbrt"
        " ceil ceiling cos cosd cosh cot cotd degrees dexp div dlog1 dlog10 dround"
        " dtrunc erf erfc exp factorial floor gamma gcd lcm lgamma ln log log10 mod"
        " numeric_exp numeric_ln numeric_log numeric_sqrt pi pow power radians random"
        " random_normal round sign sin sind sinh sqrt tan tand tanh trim_scale trunc"
        " width_bucket"
    ),
    "bits and bytes": (
        "bit_count crc32 crc32c get_bit get_byte set_bit set_byte md5 sha224 sha256"
        " sha384 sha512"
    ),
    "text": (
        "ascii bit_length btrim casefold char_length character_length chr convert"
        " convert_from convert_to decode encode initcap is_normalized left length"
        " like like_escape lower(text) lpad ltrim normalize notlike octet_length"
        " overlay parse_ident position quote_ident quote_literal regexp_count"
        " regexp_instr regexp_like regexp_replace regexp_split_to_array repeat replace"
        " reverse right rpad rtrim similar_to_escape split_part starts_with strpos"
        " substr substring(text,int4) substring(text,int4,int4) substring(bytea,int4)"
        " substring(bytea,int4,int4) substring(bit,int4) substring(bit,int4,int4)"
        " textlen to_ascii to_bin to_hex to_oct to_char(int4,text) to_char(int8,text)"
        " to_char(float4,text) to_char(float8,text) to_char(numeric,text) translate"
        " unicode_assigned unistr upper(text)"
    ),
    "date and time": (
        "age clock_timestamp date_add date_bin date_part(text,time)"
        " date_part(text,timetz) date_subtract date_trunc extract(text,time)"
        " extract(text,timetz) isfinite justify_days justify_hours justify_interval"
        " make_date make_interval make_time make_timestamp make_timestamptz now"
        " statement_timestamp timeofday timezone to_date to_timestamp"
        " transaction_timestamp timestamp timestamptz"
    ),
    "arrays": (
        "array_reverse array_sample array_shuffle array_sort array_to_json"
        " array_to_string(anyarray,text) array_to_tsvector cardinality trim_array"
    ),
    "JSON": (
        "json_array_length json_object json_strip_nulls json_to_tsvector json_typeof"
        " jsonb_array_length jsonb_insert jsonb_object jsonb_path_query_array"
        " jsonb_path_query_array_tz jsonb_pretty jsonb_set jsonb_strip_nulls"
        " jsonb_to_tsvector jsonb_typeof row_to_json to_json to_jsonb"
    ),
    "ranges": (
        "isempty lower_inc lower_inf upper_inc upper_inf range_merge multirange"
        " int4multirange int8multirange nummultirange datemultirange tsmultirange"
        " tstzmultirange"
    ),
    "geometry": (
        "area(box) area(circle) box center circle diameter height isclosed"
        " ishorizontal isopen isparallel isperp isvertical line lseg npoints pclose"
        " point polygon popen radius slope width diagonal"
    ),
    "network addresses": (
        "abbrev broadcast family host hostmask inet_merge inet_same_family masklen"
        " netmask network set_masklen macaddr8_set7bit text(inet)"
    ),
    "text search": (
        "numnode phraseto_tsquery plainto_tsquery querytree setweight strip"
        " to_tsquery to_tsvector ts_delete ts_filter ts_headline ts_rank ts_rank_cd"
        " ts_rewrite(tsquery,tsquery,tsquery) tsquery_phrase tsvector_to_array"
        " websearch_to_tsquery get_current_ts_config"
    ),
    "identifiers and sequences": (
        "gen_random_uuid uuidv4 uuidv7 nextval currval lastval setval"
    ),
    "the session": (
        "current_database current_schemas current_setting(text) current_user"
        " getdatabaseencoding pg_backend_pid pg_client_encoding pg_column_size"
        " pg_conf_load_time pg_current_snapshot pg_current_xact_id"
        " pg_input_is_valid pg_is_in_recovery pg_postmaster_start_time"
        " pg_size_bytes pg_size_pretty pg_trigger_depth session_user"
        " txid_current txid_current_snapshot version pg_advisory_lock"
        " pg_advisory_lock_shared pg_advisory_unlock pg_advisory_unlock_all"
        " pg_advisory_unlock_shared pg_advisory_xact_lock"
        " pg_advisory_xact_lock_shared pg_try_advisory_lock"
        " pg_try_advisory_lock_shared pg_try_advisory_xact_lock"
        " pg_try_advisory_xact_lock_shared pg_sleep pg_sleep_for pg_sleep_until"
        " setseed"
    ),
    "XML": (
        "xmlcomment xmltext xml_is_well_formed xml_is_well_formed_content"
        " xml_is_well_formed_document xmlexists xpath xpath_exists"
    ),
    "rows of a set": (
        "generate_series generate_subscripts json_array_elements json_object_keys"
        " jsonb_array_elements jsonb_object_keys jsonb_path_query"
        " jsonb_path_query_tz regexp_matches regexp_split_to_table"
        " string_to_table(text,text) unnest(anymultirange) pg_listening_channels"
    ),
}

# Not strict, and yet something is known of them. Rules as in `NullRule`.
NOT_STRICT: dict[str, str] = {
    "a": (
        "array_append array_prepend array_fill concat enum_first enum_last enum_range"
        " json_build_array json_build_object jsonb_build_array jsonb_build_object"
        " int4range int8range numrange daterange tsrange tstzrange pg_typeof"
        " quote_nullable"
    ),
    "n": (
        "array_cat array_to_string(anyarray,text,text) num_nulls num_nonnulls overlaps"
        " similar_escape string_to_table(text,text) pg_notify"
    ),
    "1": (
        "array_positions array_remove array_replace concat_ws format format_type"
        " string_to_array"
    ),
}

# Functions in FROM whose rows have several columns: which are never NULL.
COLUMNS: dict[str, str] = {
    "c11": "json_each jsonb_each",
    "c10": "json_each_text jsonb_each_text",
}

# Aggregates over at least one row.
AGGREGATES: dict[str, str] = {
    "a": "count regr_count rank dense_rank percent_rank cume_dist",
    "g": (
        "array_agg json_agg jsonb_agg json_object_agg jsonb_object_agg"
        " json_object_agg_unique jsonb_object_agg_unique json_agg_strict"
        " jsonb_agg_strict json_object_agg_strict jsonb_object_agg_strict"
        " json_object_agg_unique_strict jsonb_object_agg_unique_strict"
    ),
    "n": (
        "any_value avg bit_and bit_or bit_xor bool_and bool_or covar_pop every max"
        " min mode percentile_cont percentile_disc range_agg range_intersect_agg"
        " regr_avgx regr_avgy regr_sxx regr_sxy regr_syy stddev_pop sum var_pop xmlagg"
    ),
    "1": "string_agg",
}

WINDOW_FUNCTIONS: dict[str, str] = {
    "a": "row_number rank dense_rank percent_rank cume_dist",
    "n": "ntile lag(anycompatible,int4,anycompatible)"
    " lead(anycompatible,int4,anycompatible)",
    "f": "first_value last_value",
}

# Never called: they wait, write outside the transaction, or end the session.
NOT_CALLED = (
    "pg_sleep pg_sleep_for pg_sleep_until pg_notify setseed nextval currval lastval"
    " setval unknownin pg_advisory_lock pg_advisory_xact_lock pg_advisory_unlock_all"
)


def names(rules: dict[str, str]) -> dict[str, str]:
    """From each name (or name with argument types) to its rule or reason."""
    return {name: rule for rule, text in rules.items() for name in text.split()}
