/*
 * notify: tells a service manager how we are, by the protocol of sd_notify(3):
 * words in a datagram to the socket that NOTIFY_SOCKET names. Where nobody
 * asks for it, nothing happens.
 */
#ifndef SS_NOTIFY_H
#define SS_NOTIFY_H

#include <stdint.h>

#include "loop.h"

/* The watchdog's beat; a zeroed one is ready. */
struct notify {
	struct loop *loop;
	struct loop_timer timer;
	int64_t ms;
};

/*
 * Says "READY=1" and, where WATCHDOG_USEC (and WATCHDOG_PID) ask for it,
 * "WATCHDOG=1" at half that interval from now on, for as long as the loop
 * turns, which has to outlive it.
 */
void notify_ready(struct notify *, struct loop *);
/* Says "STOPPING=1". */
void notify_stopping(void);

#endif
