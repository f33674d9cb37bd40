"""Why a generated file is not what `generate` would write."""
