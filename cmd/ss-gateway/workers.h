/*
 * workers: --workers N processes of one gateway, and their parent.
 */
#ifndef SS_WORKERS_H
#define SS_WORKERS_H

#include "gateway.h"

/*
 * Runs g->workers gateways until told to stop, or until one fails. Returns
 * the exit status.
 */
int workers_run(struct gateway *);

#endif
