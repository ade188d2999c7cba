/*
 * addr: where lines come from and go to: "-", "unix:PATH", "listen:PATH",
 * and the default place of the bus.
 */
#ifndef SS_ADDR_H
#define SS_ADDR_H

#include <stddef.h>

enum addr_kind {
	ADDR_STD,     /* stdin or stdout */
	ADDR_CONNECT, /* connect to a Unix stream socket, again and again */
	ADDR_LISTEN,  /* own a Unix stream socket */
	ADDR_NONE     /* nowhere: what is written there is dropped */
};

struct addr {
	enum addr_kind kind;
	char path[108]; /* sun_path's size on Linux (unix(7)) */
};

/*
 * Reads an address. 0, or -1 with *err set to a constant that says what is
 * wrong with it.
 */
int addr_parse(struct addr *, const char *text, const char **err);
/*
 * The bus: $SS_BUS, else $XDG_RUNTIME_DIR/safestream/bus.sock, else
 * /tmp/safestream-UID/bus.sock. kind is ADDR_CONNECT or ADDR_LISTEN. 0, or
 * -1 with *err when the path is too long for a socket.
 */
int addr_bus(struct addr *, enum addr_kind, const char **err);
/*
 * A gateway's control socket: control.sock in the folder of the bus at path
 * bus, or of the default bus where bus is NULL. As addr_bus.
 */
int addr_control(
    struct addr *, enum addr_kind, const char *bus, const char **err);

#endif
