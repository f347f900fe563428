#pragma once

/// Watches a directory for names that appear, vanish or change their rights; the descriptor becomes readable then.
int clinux_watch_directory(const char *_Nonnull path, int *_Nonnull fd);
/// Forgets what the watch has seen so far.
void clinux_watch_clear(int fd);
