/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _MM_KUNIT_COMPAT_SHMEM_FS_H
#define _MM_KUNIT_COMPAT_SHMEM_FS_H

#include <linux/shmem_fs.h>

#ifndef CONFIG_MM_KUNIT_HAS_SHMEM_SETUP_VMA_FLAGS
#define shmem_file_setup(name, size, flags) \
	shmem_file_setup(name, size, VM_NORESERVE)
#endif

#endif /* _MM_KUNIT_COMPAT_SHMEM_FS_H */
