"""The figures of a lecture on LeNet-5: `python -m lecture` draws them."""
