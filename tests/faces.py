"""Where the tests find the detector's model: no package brings it, see docs/redaction.md."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pytest

MODEL = os.environ.get("CENTERFACE_ONNX", "")
IS_INSTALLED = importlib.util.find_spec("onnxruntime") is not None
WHY = "the extra faces is not installed, or CENTERFACE_ONNX names no centerface.onnx"

needs_model = pytest.mark.skipif(not (IS_INSTALLED and Path(MODEL).is_file()), reason=WHY)
