"""The backend contract as tests: what every backend of tensorgrok promises.

::

    python -m pytest --pyargs tensorgrok.testing.backend_contract --backend NAME

``NAME`` is registered under the entry-point group ``tensorgrok.backends``, or at run time by a
plug-in of pytest (``-p your.module``). The oracle is NumPy: the tests bring NumPy arrays to the
device, call the backend, and compare what comes back. They need pytest and nothing else.

``test_crossings``  between host and device; what is whose
``test_namespace``  every word that rules may use, operators, Python numbers, reading by index
``test_products``   the vector-matrix hot path
``test_scattering`` adding and replacing at places
``test_training``   tensors on the backend: draws, gradients, training, nothing read back
"""
