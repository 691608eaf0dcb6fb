/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A file system on a disk, of the kind that knows nothing of large folios.
 */
#ifndef _MM_KUNIT_DISK_H
#define _MM_KUNIT_DISK_H

#include <linux/types.h>

struct file;
struct kunit;
struct vfsmount;

struct vfsmount *mm_kunit_mount_disk(struct kunit *test);
struct file *mm_kunit_open_on_disk(struct kunit *test, struct vfsmount *mnt,
				   int flags);
void mm_kunit_write_page_to(struct kunit *test, struct file *file, int i,
			    u64 value);
u64 mm_kunit_read_page_of(struct kunit *test, struct file *file, int i);

#endif /* _MM_KUNIT_DISK_H */
