/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _MM_KUNIT_COMPAT_FS_H
#define _MM_KUNIT_COMPAT_FS_H

#include <linux/fs.h>
#include <linux/fs_context.h>
#include <linux/fs_struct.h>
#include <linux/string.h>

#ifndef CONFIG_MM_KUNIT_HAS_OPEN_ROOT_PATH
#define file_open_root(path, name, flags, mode)				\
	file_open_root((path)->dentry, (path)->mnt, name, flags, mode)
#endif

/* A kernel thread sees the root file system, until it got an empty one in 7.x. */
#ifndef CONFIG_MM_KUNIT_HAS_INIT_FS
#define scoped_with_init_fs()
#endif

/* Until 6.0 it moved a page. */
#ifndef CONFIG_MM_KUNIT_HAS_MIGRATE_FOLIO
#include <linux/migrate_mode.h>

struct folio;

typedef int (*mm_kunit_migrate_folio_fn)(struct address_space *mapping,
					 struct folio *dst, struct folio *src,
					 enum migrate_mode mode);

#define mm_kunit_migrate_folio_op(ops) \
	(*(mm_kunit_migrate_folio_fn *)&(ops)->migratepage)
#endif

#ifndef CONFIG_MM_KUNIT_HAS_PARSE_FS_STRING
#define vfs_parse_fs_string(fc, key, value) \
	vfs_parse_fs_string(fc, key, value, strlen(value))
#endif

#endif /* _MM_KUNIT_COMPAT_FS_H */
