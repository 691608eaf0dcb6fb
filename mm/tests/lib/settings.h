/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files of sysfs and debugfs, written for one case and restored when it
 * ends.
 */
#ifndef _MM_KUNIT_SETTINGS_H
#define _MM_KUNIT_SETTINGS_H

struct kunit;
struct mm_kunit_setting;

struct mm_kunit_setting *mm_kunit_write_setting(struct kunit *test,
						const char *fs,
						const char *path,
						const char *value);
int mm_kunit_rewrite_setting(struct mm_kunit_setting *setting,
			     const char *value);
void mm_kunit_restore_setting(struct kunit *test,
			      struct mm_kunit_setting *setting);
void mm_kunit_inject_failures(struct kunit *test);

#endif /* _MM_KUNIT_SETTINGS_H */
