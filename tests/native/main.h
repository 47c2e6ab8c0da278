// Explores all of `programs`: the end of every test of this folder.
//
// This file is part of micropython-threading, MIT licence.

int main(void) {
    bool expect_failure = getenv("EXPECT_FAILURE") != NULL;
    for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); ++i) {
        const explore_t *program = &programs[i];
        long runs = explore(program, expect_failure);
        if (expect_failure && runs > 0) {
            printf("%s found by %s, run %ld\n", getenv("EXPECT_FAILURE"), program->name, runs);
            return 0;
        }
        if (!expect_failure) {
            printf("ok %s with %d threads: %ld runs\n", program->name, program->threads, runs);
            fflush(stdout);
        }
    }
    if (expect_failure) {
        printf("%s NOT found\n", getenv("EXPECT_FAILURE"));
        return 1;
    }
    return 0;
}
