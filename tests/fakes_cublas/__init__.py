"""A fake: real CuPy arrays over host memory, and a cuBLAS that NumPy computes.

CuPy needs no GPU to make an array from a pointer, to take views of it and to tell its strides. With
an allocator of host memory and the functions of cuBLAS replaced, ``cupy.cublas`` runs as it is.

It can show which routine of cuBLAS runs, how often and on whose memory; that transposes, leading
dimensions, scalars and the order of operands are right; that cuBLAS would accept the arguments; and
that nothing is copied, because a copy needs a device and raises ``CUDARuntimeError``.

It cannot show anything about streams, kernels, the rounding or the speed of a GPU, nor what CuPy
does in compiled code: ``zeros``, ``asarray``, ``copy``, ``@``, ``dot`` and all arithmetic raise.
That cuBLAS does as its manual says is assumed. No result here counts as a test on a GPU.
"""
