/*
 * schema: the tables, indexes and views of the database, as SQL.
 */
#ifndef SS_LOG_SCHEMA_H
#define SS_LOG_SCHEMA_H

#include "store.h"

/*
 * What leads from each version of the schema to the next. Each step may be
 * repeated, so a step is never changed once it is out: a new one is added.
 */
extern const char *const schema_steps[STORE_VERSION];

#endif
