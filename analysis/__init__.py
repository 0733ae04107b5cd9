"""The paper, reproduced: one script a result, see README.md."""
