// The start of the one program that a board gets for swiftlet and swiftletd: two thirds of their code is the same. By
// which name it is called says which of them it is.
#include <string.h>

int swiftlet_main(int count, char **values);
int swiftletd_main(int count, char **values);

int main(int count, char **values) {
    const char *name = count > 0 ? values[0] : "";
    const char *slash = strrchr(name, '/');
    if (slash != NULL) name = slash + 1;
    return strcmp(name, "swiftletd") == 0 ? swiftletd_main(count, values) : swiftlet_main(count, values);
}
