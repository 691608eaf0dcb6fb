# SPDX-License-Identifier: GPL-2.0
# kunit.py's description of the QEMU machine: as the tree's own, but vmlinux itself, by PVH,
# and with a second CPU, which an unshare may have to interrupt.
from ..qemu_config import QemuArchParams

QEMU_ARCH = QemuArchParams(linux_arch='x86_64',
                           kconfig='',
                           qemu_arch='x86_64',
                           kernel_path='vmlinux',
                           kernel_command_line='console=ttyS0',
                           extra_qemu_params=['-bios', 'qboot.rom', '-smp', '2'])
