# SPDX-License-Identifier: GPL-2.0
"""The runner of mmkunit: a kernel tree goes in, a verdict comes out."""
