/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers that things keep for ever, for those who know rows by numbers. */
#include <errno.h>

#include "scheduler/coordinator/store_internal.h"

/* Not by a conflict: that would use a number up each time. */
void
store_put_number(struct store *store, const char *kind, const char *name)
{
	store_run(store,
		  "INSERT INTO numbers (kind, name) SELECT ?1, ?2"
		  " WHERE NOT EXISTS"
		  " (SELECT 1 FROM numbers WHERE kind = ?1 AND name = ?2)",
		  CELLS(TEXT(kind), TEXT(name)));
}

int
store_load_number(struct store *store, const char *kind, const char *name,
		  uint32_t *ret_number, struct err *err)
{
	cleanup_stmt sqlite3_stmt *stmt = NULL;
	int rc = store_prepare(store,
			       "SELECT number FROM numbers"
			       " WHERE kind = ? AND name = ?",
			       CELLS(TEXT(kind), TEXT(name)), &stmt, err);

	if (rc < 0)
		return rc;
	int code = sqlite3_step(stmt);
	if (code == SQLITE_DONE)
		return err_set(err, -ENOENT, "the store has no number of %s",
			       name);
	if (code != SQLITE_ROW)
		return store_explain(store, code, err);
	int64_t number = sqlite3_column_int64(stmt, 0);
	if (number < 1 || number > INT32_MAX)
		return err_set(err, -EBADMSG,
			       "store %s: table numbers, %s: out of range; "
			       "mend it with sqlite3",
			       store->path, name);
	*ret_number = (uint32_t)number;
	return 0;
}
