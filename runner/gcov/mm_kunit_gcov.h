/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MM_KUNIT_GCOV_H
#define MM_KUNIT_GCOV_H

/* By hand where KUnit does not reboot when the suites are done, before 5.14. */
void mm_kunit_gcov_dump(void);

#endif
