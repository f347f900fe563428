#pragma once

// The errno values that Swift code decides by; the numbers are Linux's on every board (checked in text.c).
static const int clinux_EPERM = 1;
static const int clinux_ENOENT = 2;
static const int clinux_EINTR = 4;
static const int clinux_EIO = 5;
static const int clinux_ENXIO = 6;
static const int clinux_EAGAIN = 11;
static const int clinux_ENOMEM = 12;
static const int clinux_EACCES = 13;
static const int clinux_EBUSY = 16;
static const int clinux_ENODEV = 19;
static const int clinux_ENOTDIR = 20;
static const int clinux_EISDIR = 21;
static const int clinux_EINVAL = 22;
static const int clinux_ENOTTY = 25;
static const int clinux_EFBIG = 27;
static const int clinux_ENOSPC = 28;
static const int clinux_ETOOMANYREFS = 109;
static const int clinux_ECONNREFUSED = 111;
static const int clinux_EADDRINUSE = 98;
static const int clinux_EROFS = 30;
static const int clinux_EPIPE = 32;
static const int clinux_EDQUOT = 122;
static const int clinux_ENAMETOOLONG = 36;
static const int clinux_ENOTSUP = 95;
static const int clinux_ESTALE = 116;
